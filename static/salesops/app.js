// The frame: theme, filters, and what follows a part swapped in by htmx. htmx is configured by the meta tag htmx-config.
(function () {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // --- theme: works without this script through the form; with it, without a reload -----------
  function showTheme(choice) {
    root.dataset.themeChoice = choice;
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    for (const button of document.querySelectorAll(".theme-buttons button")) {
      button.setAttribute("aria-pressed", String(button.value === choice));
    }
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.value = root.dataset.bsTheme === "dark" ? "light" : "dark";
    }
    document.dispatchEvent(new CustomEvent("theme:changed"));
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]") || !event.submitter) return;
    event.preventDefault();
    event.stopPropagation();
    const choice = event.submitter.value;
    const body = new FormData(form);
    body.set("theme", choice);
    showTheme(choice);
    fetch(form.action, { method: "POST", body: body, redirect: "manual", credentials: "same-origin" });
  });
  dark.addEventListener("change", () => {
    if (root.dataset.themeChoice === "auto") showTheme("auto");
  });
  if (root.dataset.themeChoice === "auto") showTheme("auto");

  // --- filters: a change applies at once, defaults stay out of the address ---------------------
  function leaveOutDefaults(form) {
    for (const field of form.elements) {
      if (field.dataset && field.dataset.default !== undefined && field.value === field.dataset.default) {
        field.disabled = true;
      }
    }
  }
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-filters]");
    if (!form || form.hasAttribute("hx-get")) return;
    leaveOutDefaults(form);
    form.submit();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-filters]") && !event.target.hasAttribute("hx-get")) leaveOutDefaults(event.target);
  });
  window.addEventListener("pageshow", () => {
    // Back from the browser's cache shows the form as it was left: with its defaults disabled.
    for (const field of document.querySelectorAll("[data-filters] [data-default]:disabled")) field.disabled = false;
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const form = event.detail.elt.closest("[data-filters]");
    if (!form) return;
    for (const field of form.querySelectorAll("[data-default]")) {
      if (field.value === field.dataset.default) delete event.detail.parameters[field.name];
    }
  });

  // --- htmx: errors are said, swapped parts are announced --------------------------------------
  function say(words) {
    const place = document.getElementById("announcer");
    if (place) place.textContent = words;
  }
  function note(words) {
    const place = document.getElementById("messages");
    if (!place) return;
    const box = document.createElement("div");
    box.className = "note note-error";
    box.textContent = words;
    place.replaceChildren(box);
    box.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    note(status === 403 ? "You may not see this." : "That did not work (" + status + "). Reload the page and try again.");
  });
  document.addEventListener("htmx:sendError", () => note("No answer from the server. Check the connection and try again."));
  document.addEventListener("htmx:afterSettle", (event) => {
    const words = event.detail.elt.dataset && event.detail.elt.dataset.announce;
    if (words) say(words);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.value;
  });

  // --- buttons that print, details that print open ---------------------------------------------
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
})();
