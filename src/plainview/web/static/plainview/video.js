// The people of a video: keys that move from still to still, and details that stay open when new faces arrive.
"use strict";
(function () {
  function stills() {
    return Array.from(document.querySelectorAll("#faces a.pick")).filter(function (e) { return !e.closest("details:not([open])"); });
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-move]");
    if (button) {
      var all = stills(), now = all.findIndex(function (e) { return e.id === current; });
      var next = all[Math.min(all.length - 1, Math.max(0, now + Number(button.dataset.move)))];
      if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
    }
    if (event.target.closest("[data-open]")) {
      var link = document.getElementById(current), card = link && link.closest(".card"), details = card && card.querySelector("details");
      if (details) { details.open = !details.open; link.focus(); }
    }
  });
  // A pressed button takes the focus; remember the still that had it.
  var current = "";
  document.addEventListener("focusin", function (event) {
    if (event.target.matches("#faces a.pick")) current = event.target.id;
  });
  var open = [], inside = false;
  document.addEventListener("htmx:beforeSwap", function () {
    inside = Boolean(document.activeElement && document.activeElement.closest("#faces"));
    open = Array.from(document.querySelectorAll("#faces details[open]")).map(function (e) { return e.id; });
  });
  document.addEventListener("htmx:afterSwap", function () {
    open.forEach(function (id) { var e = document.getElementById(id); if (e) e.open = true; });
    if (inside && document.getElementById(current)) document.getElementById(current).focus();
  });
})();
