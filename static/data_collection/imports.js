// New import: files dropped or chosen are listed, and how far they are sent is shown. Everything works without this too.
(function () {
  "use strict";

  function size(bytes) {
    return bytes < 1e6 ? Math.ceil(bytes / 1e3) + " kB" : (bytes / 1e6).toFixed(1) + " MB";
  }
  function list(form) {
    const place = form.querySelector("[data-chosen]");
    const input = form.querySelector("input[type=file]");
    if (!place || !input) return;
    place.replaceChildren(
      ...Array.from(input.files, (file) => {
        const line = document.createElement("li");
        const name = document.createElement("span");
        const bytes = document.createElement("span");
        name.textContent = file.name;
        bytes.textContent = size(file.size);
        line.append(name, bytes);
        return line;
      }),
    );
  }
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-upload]");
    if (form && event.target.type === "file") list(form);
  });

  // --- drop: more files are added to those already chosen --------------------------------------
  function dropPlace(event) {
    return event.target.closest ? event.target.closest("[data-drop]") : null;
  }
  document.addEventListener("dragover", (event) => {
    const place = dropPlace(event);
    if (!place) return;
    event.preventDefault();
    place.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => {
    const place = dropPlace(event);
    if (place && !place.contains(event.relatedTarget)) place.classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    const place = dropPlace(event);
    if (!place) return;
    event.preventDefault();
    place.classList.remove("is-over");
    const input = place.querySelector("input[type=file]");
    const chosen = new DataTransfer();
    const dropped = Array.from(event.dataTransfer.files);
    const names = new Set(dropped.map((file) => file.name));
    for (const file of input.files) if (!names.has(file.name)) chosen.items.add(file);
    for (const file of dropped) chosen.items.add(file);
    input.files = chosen.files;
    list(place.closest("form"));
  });

  // --- sending ---------------------------------------------------------------------------------
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    if (!form.matches("[data-upload]")) return;
    form.querySelector("[data-sending]").hidden = false;
    form.querySelector("button[type=submit]").disabled = true;
  });
  document.addEventListener("htmx:xhr:progress", (event) => {
    const form = event.detail.elt || event.target;
    if (!form.matches || !form.matches("[data-upload]") || !event.detail.lengthComputable) return;
    const share = Math.round((event.detail.loaded / event.detail.total) * 100);
    form.querySelector("progress").value = share;
    form.querySelector("[data-sent]").textContent =
      size(event.detail.loaded) + " / " + size(event.detail.total) + " · " + share + " %";
  });
  for (const name of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(name, (event) => {
      const form = event.detail.elt;
      if (!form.matches("[data-upload]")) return;
      form.querySelector("[data-sending]").hidden = true;
      form.querySelector("button[type=submit]").disabled = false;
    });
  }
  document.addEventListener("htmx:afterSwap", () => {
    const errors = document.getElementById("upload-errors");
    if (errors) errors.focus();
  });

  // --- matching: what was unfolded stays so when the part is swapped ---------------------------
  let unfolded = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "match") return;
    unfolded = Array.from(document.querySelectorAll("#match details[open]"), (part) => part.id);
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const id of unfolded) {
      const part = document.getElementById(id);
      if (part) part.open = true;
    }
    unfolded = [];
  });
})();
