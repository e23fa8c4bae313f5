// The builder of a custom rule's condition: hides places not in use, offers the tests that fit a field, counts rows.
(function () {
  function read(id) {
    return JSON.parse(document.getElementById(id).textContent);
  }
  function start(box) {
    var form = box.closest("form");
    var table = form.querySelector("[name=table]");
    var kinds = read("condition-kinds");
    var operations = read("condition-operations");
    var result = box.querySelector("[data-result]");

    function fit(line) {
      var field = line.querySelector("[data-field]");
      var op = line.querySelector("[data-op]");
      var name = field.value.split(":")[1];
      var kind = field.value === "attribute" ? "attribute" : (kinds[table.value] || {})[name];
      line.querySelector("[data-attribute]").hidden = field.value !== "attribute";
      var allowed = kind ? operations[kind] : [];
      Array.prototype.forEach.call(op.options, function (option) {
        option.hidden = option.disabled = kind !== undefined && allowed.indexOf(option.value) < 0;
      });
      if (op.selectedOptions.length && op.selectedOptions[0].disabled) op.value = allowed[0];
      line.querySelector("[data-value]").hidden = ["empty", "filled", "yes", "no"].indexOf(op.value) >= 0;
    }
    function tableChanged() {
      box.querySelectorAll("optgroup[data-table]").forEach(function (group) {
        var mine = group.dataset.table === table.value;
        group.hidden = group.disabled = !mine;
      });
      box.querySelectorAll("[data-line]").forEach(fit);
      fetch(box.dataset.attributes + "?table=" + encodeURIComponent(table.value), { headers: { Accept: "application/json" } })
        .then(function (answer) { return answer.json(); })
        .then(function (found) {
          var list = box.querySelector("datalist");
          list.replaceChildren();
          found.names.forEach(function (name) {
            var option = document.createElement("option");
            option.value = name;
            list.appendChild(option);
          });
        })
        .catch(function () {});
    }
    function hideUnused() {
      box.querySelectorAll("[data-group], [data-line]").forEach(function (part) {
        part.hidden = !("used" in part.dataset);
      });
    }
    function addButton(button, within, selector) {
      button.hidden = false;
      button.addEventListener("click", function () {
        var next = within.querySelector(selector + ":not([data-used])");
        if (!next) return;
        next.dataset.used = "";
        next.hidden = false;
        (next.querySelector("[data-field]") || next).focus();
        button.hidden = !within.querySelector(selector + ":not([data-used])");
      });
    }
    function count() {
      result.textContent = "…";
      fetch(box.dataset.preview, { method: "POST", body: new FormData(form), credentials: "same-origin" })
        .then(function (answer) { return answer.json(); })
        .then(function (found) {
          result.textContent = found.words;
          result.classList.toggle("is-wrong", found.wrong);
        })
        .catch(function () { result.textContent = "–"; });
    }

    hideUnused();
    box.querySelectorAll("[data-group]").forEach(function (group) {
      addButton(group.querySelector("[data-add-line]"), group, "[data-line]");
    });
    addButton(box.querySelector("[data-add-group]"), box, "[data-group]");
    box.addEventListener("change", function (event) {
      var line = event.target.closest("[data-line]");
      if (line) fit(line);
    });
    table.addEventListener("change", tableChanged);
    var button = box.querySelector("[data-count]");
    button.hidden = false;
    button.addEventListener("click", count);
    tableChanged();
  }
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-condition]").forEach(start);
  });
})();
