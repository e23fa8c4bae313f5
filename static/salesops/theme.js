// Runs before the first paint: with "auto" only the device knows whether the page is dark.
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  if (root.dataset.themeChoice === "auto") {
    root.dataset.bsTheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
})();
