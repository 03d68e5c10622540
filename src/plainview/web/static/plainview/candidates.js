// Step 3 beyond plain links: J and K move through the candidates, Z enlarges both faces, Escape goes back.
"use strict";
(function () {
  function cards() { return Array.from(document.querySelectorAll("[data-candidate]")); }
  function current() { return document.activeElement.closest("[data-candidate]") || last; }
  var last = null;
  document.addEventListener("focusin", function (event) {
    var card = event.target.closest("[data-candidate]");
    if (card) last = card;
  });
  function step(by) {
    var all = cards(), place = last && document.contains(last) ? all.indexOf(last) : -1;
    var next = all[place < 0 ? 0 : Math.min(Math.max(place + by, 0), all.length - 1)];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
    return next;
  }
  function large(link) {
    var dialog = document.getElementById("large");
    dialog.querySelector("[data-large-picture]").src = link.dataset.zoom;
    dialog.querySelector("[data-large-words]").textContent = link.dataset.words || "";
    if (!dialog.open) dialog.showModal();
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-step]");
    if (button) { step(Number(button.dataset.step)); return; }
    if (event.target.closest("[data-large]")) {
      var card = current() && document.contains(current()) ? current() : step(1);
      var link = card && card.querySelector("[data-zoom]");
      if (link) large(link);
      return;
    }
    var picture = event.target.closest("[data-candidate] [data-zoom]");
    if (picture && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); large(picture); }
  });
  // In the large view J, K and Escape still work; the page's own keys are off while a dialog is open.
  document.addEventListener("keydown", function (event) {
    var dialog = document.getElementById("large");
    if (!dialog || !dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!/^[zjk]$/.test(event.key) || document.documentElement.classList.contains("keys-off")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.key === "z") { dialog.close(); return; }
    var all = cards(), at = Math.min(Math.max(all.indexOf(last) + (event.key === "j" ? 1 : -1), 0), all.length - 1);
    last = all[at];
    var link = last && last.querySelector("[data-zoom]");
    if (link) large(link);
  }, true);
  document.addEventListener("DOMContentLoaded", function () {
    var dialog = document.getElementById("large");
    if (dialog) dialog.addEventListener("close", function () { if (last && document.contains(last)) last.focus(); });
  });
})();
