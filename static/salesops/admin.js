// The admin follows the theme chosen in the app; "auto" is left to the device by dark_mode.css.
(function () {
  var choice = document.querySelector('meta[name="theme-choice"]');
  document.documentElement.dataset.theme = choice ? choice.content : "auto";
  function nameAutocompletes() {
    document.querySelectorAll("select.admin-autocomplete").forEach(function (select) {
      var box = select.parentElement.querySelector(".select2-selection");
      if (!box || box.hasAttribute("aria-label")) return;
      var label = select.id && document.querySelector('label[for="' + CSS.escape(select.id) + '"]');
      var heading = select.closest("fieldset, .inline-group");
      var words = (label && label.innerText.replace(/:$/, "")) || select.name || (heading && heading.innerText) || "Choice";
      box.setAttribute("aria-label", words);
      box.querySelectorAll("[role=textbox]").forEach(function (inner) {
        inner.setAttribute("aria-label", words);
      });
    });
  }
  document.addEventListener("DOMContentLoaded", function () {
    nameAutocompletes();
    new MutationObserver(nameAutocompletes).observe(document.body, { childList: true, subtree: true });
    // The first column of an inline holds each row's name under an empty heading.
    document.querySelectorAll("th.original:empty").forEach(function (head) {
      var words = document.createElement("span");
      words.className = "visually-hidden";
      words.textContent = "#";
      head.appendChild(words);
    });
    // Cells edited in a list carry no label of their own: name each after its column and row.
    document.querySelectorAll("#result_list tbody tr").forEach(function (row) {
      var head = row.querySelector("th");
      row.querySelectorAll("td > input, td > select, td > textarea, td .vDateField, td .related-widget-wrapper select").forEach(function (field) {
        if (field.type === "hidden" || field.getAttribute("aria-label") || field.closest(".action-checkbox")) return;
        var cell = field.closest("td");
        var column = document.querySelectorAll("#result_list thead th")[Array.prototype.indexOf.call(row.children, cell)];
        field.setAttribute("aria-label", ((column ? column.innerText.trim() : field.name) + ": " + (head ? head.innerText.trim() : "")).trim());
      });
    });
  });
})();
