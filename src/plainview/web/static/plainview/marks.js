// Marks on both faces: one place on the probe and the same place on the candidate, numbered, with a few words.
// They are kept with the record; nothing is measured.
"use strict";
(function () {
  var field = document.getElementById("marks-field"), list = document.getElementById("marks-list"), button = document.getElementById("mark");
  var stages = document.getElementById("stages");
  if (!stages) return;
  var shown = field || document.getElementById("marks-shown"), marks = shown ? JSON.parse(shown.value || shown.textContent || "[]") : [], pending = null, on = false;
  function layer(which) { return stages.querySelector(".marks-" + which); }
  function svg(name, values, text) {
    var element = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.keys(values).forEach(function (key) { element.setAttribute(key, values[key]); });
    if (text) element.textContent = text;
    return element;
  }
  function ring(which, point, number) {
    if (!point) return;
    var x = point[0] * 100, y = point[1] * 100;
    layer(which).append(svg("circle", { cx: x, cy: y, r: 2.2, "class": "ring-halo" }), svg("circle", { cx: x, cy: y, r: 2.2, "class": "ring" }), svg("text", { x: x + 2.8, y: y - 1.6, "class": "ring-no" }, String(number)));
  }
  function draw() {
    ["probe", "other"].forEach(function (which) { layer(which).replaceChildren(); });
    marks.forEach(function (mark, i) {
      ring("probe", mark.probe, i + 1);
      if (!mark.picture || mark.picture === stages.dataset.picture) ring("other", mark.face, i + 1);  // of several pictures, the one it was made on
    });
    if (pending) ring("probe", pending, marks.length + 1);
  }
  function write() {
    field.value = JSON.stringify(marks);
    field.dispatchEvent(new Event("change", { bubbles: true }));
    draw();
  }
  function rows() {
    list.replaceChildren();
    marks.forEach(function (mark, i) {
      var item = document.createElement("li"), words = document.createElement("input"), gone = document.createElement("button");
      words.type = "text"; words.value = mark.note; words.maxLength = 200; words.setAttribute("aria-label", "Mark " + (i + 1) + ": what is there");
      words.addEventListener("input", function () { mark.note = words.value; field.value = JSON.stringify(marks); field.dispatchEvent(new Event("change", { bubbles: true })); });
      gone.type = "button"; gone.className = "link"; gone.textContent = "Remove"; gone.setAttribute("aria-label", "Remove mark " + (i + 1));
      gone.addEventListener("click", function () { marks.splice(i, 1); rows(); write(); });
      item.append(String(i + 1) + " ", words, gone);
      list.append(item);
    });
  }
  draw();
  if (!field) return;
  rows();
  function toggle(state) {
    on = state; pending = null;
    button.setAttribute("aria-pressed", String(on));
    stages.classList.toggle("is-marking", on);
    draw();
  }
  button.addEventListener("click", function () { toggle(!on); });
  // Before the viewer's own handlers: while marking, a click is a place and not a drag.
  stages.addEventListener("pointerdown", function (event) {
    var stage = event.target.closest(".stage");
    if (!on || !stage || event.button !== 0) return;
    event.preventDefault(); event.stopImmediatePropagation();
    var which = stage.classList.contains("probe") ? "probe" : "other", box = stage.querySelector("img.layer").getBoundingClientRect();
    var point = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map(function (value) { return Math.round(Math.min(Math.max(value, 0), 1) * 1000) / 1000; });
    if (which === "probe") { pending = point; draw(); return; }
    if (!pending) { window.plainview.toast("Mark the place on the probe first.", ""); return; }
    marks.push({ probe: pending, face: point, note: "", picture: stages.dataset.picture });
    toggle(false); rows(); write();
    list.lastChild.querySelector("input").focus();
  }, true);
})();
