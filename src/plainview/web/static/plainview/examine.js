// The viewer: both faces move and zoom together; side by side, curtain, blink; grid and light. And the walk through the
// components by keys. It changes nothing but what is shown, and it measures nothing.
"use strict";
(function begin() {
  var viewer = document.getElementById("viewer"), gone = new AbortController();
  if (!viewer) return;
  var stages = document.getElementById("stages"), now = document.getElementById("now"), zoomText = document.getElementById("zoom");
  var NEAREST = 12, FARTHEST = 0.6, STEP = 1.25, CLOSE = 3, BLINK_MS = 700;
  var state = { x: 0, y: 0, zoom: 1, mode: "side", top: "probe", curtain: 0.5 }, timer = null;
  var still = window.matchMedia("(prefers-reduced-motion: reduce)");

  function clamp(value, low, high) { return Math.min(high, Math.max(low, value)); }
  function draw() {
    var reach = state.zoom / 2;
    state.x = clamp(state.x, -reach, reach); state.y = clamp(state.y, -reach, reach);
    [["--x", state.x], ["--y", state.y], ["--zoom", state.zoom], ["--curtain", state.curtain]].forEach(function (pair) { viewer.style.setProperty(pair[0], pair[1]); });
    viewer.dataset.mode = state.mode; viewer.dataset.top = state.top;
    zoomText.textContent = state.zoom.toFixed(1) + "×";
    viewer.querySelectorAll("button[data-mode]").forEach(function (b) { b.setAttribute("aria-pressed", String(b.dataset.mode === state.mode)); });
    if (state.zoom > 1) stages.querySelectorAll("img[srcset]").forEach(function (face) { face.sizes = "1280px"; });  // every pixel that there is
    now.hidden = state.mode !== "blink";
    now.textContent = "Shown: " + (state.top === "probe" ? "probe" : viewer.querySelector(".cap-other strong").textContent.toLowerCase());
  }

  // Sizes that convert a point of the screen into a part of the picture: its square before zooming.
  function frame(clientX, clientY) {
    var square = null;
    stages.querySelectorAll(".stage").forEach(function (stage) {
      var box = stage.getBoundingClientRect();
      if (!square || (clientX >= box.left && clientX <= box.right)) square = box;
    });
    var side = square.height;
    return { side: side, x: (clientX - square.left - square.width / 2) / side, y: (clientY - square.top - side / 2) / side };
  }
  function zoomBy(factor, at) {
    var before = state.zoom;
    state.zoom = clamp(before * factor, FARTHEST, NEAREST);
    var grown = state.zoom / before, point = at || { x: 0, y: 0 };
    state.x = point.x - (point.x - state.x) * grown;  // the point under the pointer stays there
    state.y = point.y - (point.y - state.y) * grown;
    draw();
  }
  function fit() {
    if (state.zoom === 1 && state.x === 0 && state.y === 0) state.zoom = CLOSE;
    else { state.zoom = 1; state.x = 0; state.y = 0; }
    draw();
  }
  function mode(name) {
    if (name === "blink" && state.mode === "blink") {
      if (still.matches) { swap(); return; }
      name = "side";
    }
    state.mode = name;
    window.clearInterval(timer);
    if (name === "blink" && !still.matches) timer = window.setInterval(swap, BLINK_MS);
    draw();
  }
  function swap() { state.top = state.top === "probe" ? "other" : "probe"; draw(); }

  var does = {
    "in": function () { zoomBy(STEP); }, out: function () { zoomBy(1 / STEP); }, fit: fit,
    grid: function (button) { button.setAttribute("aria-pressed", String(viewer.classList.toggle("has-grid"))); }
  };
  viewer.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.mode) mode(button.dataset.mode);
    else if (button.dataset.do) does[button.dataset.do](button);
  });
  document.getElementById("curtain").addEventListener("input", function (event) { state.curtain = Number(event.target.value); draw(); });
  ["probe", "other"].forEach(function (which) {
    document.getElementById("light-" + which).addEventListener("input", function (event) { viewer.style.setProperty("--light-" + which, event.target.value); });
  });

  stages.addEventListener("wheel", function (event) {
    event.preventDefault();
    zoomBy(Math.exp(-clamp(event.deltaY, -120, 120) / 400), frame(event.clientX, event.clientY));
  }, { passive: false });
  stages.addEventListener("keydown", function (event) {
    var moves = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }, move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    state.x += move[0] * 0.05; state.y += move[1] * 0.05;
    draw();
  });
  document.addEventListener("keydown", function (event) {  // the key of + without Shift
    if (document.documentElement.classList.contains("keys-off")) return;
    if (event.key === "=" && !/^(TEXTAREA|SELECT)$/.test(event.target.tagName) && !event.ctrlKey && !event.metaKey) zoomBy(STEP);
  }, { signal: gone.signal });
  // The next face of a verification arrives in this page. Its viewer begins once htmx has settled the classes that it had sent.
  document.addEventListener("htmx:afterSettle", function () {
    if (viewer.isConnected) return;
    gone.abort(); window.clearInterval(timer);
    begin();
    var heading = document.getElementById("errors") || document.querySelector("h1");
    if (heading) { heading.tabIndex = -1; heading.focus({ preventScroll: true }); }  // it is read out, as that of a new page is
  }, { signal: gone.signal });

  // One finger or the mouse moves, two fingers zoom about their middle; on the divider it draws the curtain.
  var pointers = new Map(), drawing = false;
  function middle() {
    var points = Array.from(pointers.values()), a = points[0], b = points[1] || points[0];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
  }
  stages.addEventListener("pointerdown", function (event) {
    if (event.button !== 0) return;
    drawing = event.target.classList.contains("divider");
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    stages.setPointerCapture(event.pointerId);
    viewer.classList.add("is-dragging");
  });
  stages.addEventListener("pointermove", function (event) {
    if (!pointers.has(event.pointerId)) return;
    var before = middle();
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    var after = middle(), box = stages.getBoundingClientRect();
    if (drawing) {
      state.curtain = clamp((event.clientX - box.left) / box.width, 0, 1);
      document.getElementById("curtain").value = state.curtain;
      draw();
      return;
    }
    var at = frame(after.x, after.y);
    state.x += (after.x - before.x) / at.side; state.y += (after.y - before.y) / at.side;
    if (pointers.size > 1 && before.apart > 0) zoomBy(after.apart / before.apart, at); else draw();
  });
  ["pointerup", "pointercancel"].forEach(function (name) {
    stages.addEventListener(name, function (event) {
      pointers.delete(event.pointerId);
      if (!pointers.size) { drawing = false; viewer.classList.remove("is-dragging"); }
    });
  });

  document.getElementById("console").hidden = false;
  viewer.classList.add("ready");
  draw();

  // The walk: one component is current; a key answers it and moves to the next.
  var rows = Array.from(document.querySelectorAll(".component")), prompt = document.getElementById("prompt"), only = document.getElementById("only");
  if (!rows.length || !prompt) return;
  var list = document.getElementById("components"), current = 0;
  function answered(component) { return component.querySelector("input:checked") !== null; }
  function show(scroll) {
    rows.forEach(function (component, i) { component.classList.toggle("is-current", i === current); });
    var component = rows[current], answer = component.querySelector("input:checked"), count = rows.filter(answered).length;
    document.getElementById("prompt-name").textContent = component.querySelector("legend").childNodes[1].textContent.trim();
    document.getElementById("prompt-look").textContent = component.dataset.look;
    document.getElementById("prompt-count").textContent = (current + 1) + " of " + rows.length;
    document.getElementById("count").textContent = String(count);
    prompt.querySelectorAll("[data-answer]").forEach(function (button, i) { button.setAttribute("aria-pressed", String(answer === component.querySelectorAll("input")[i])); });
    if (scroll) component.scrollIntoView({ block: "nearest" });
  }
  function walk(by) { current = clamp(current + by, 0, rows.length - 1); show(true); }
  prompt.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.walk) { walk(Number(button.dataset.walk)); return; }
    var input = rows[current].querySelectorAll("input")[Number(button.dataset.answer)];
    input.checked = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    if (current < rows.length - 1) walk(1); else show(true);
  });
  ["focusin", "change"].forEach(function (name) {
    list.addEventListener(name, function (event) {
      var component = event.target.closest(".component");
      if (component) { current = rows.indexOf(component); show(false); }
    });
  });
  list.classList.add("walking");
  current = Math.max(0, rows.findIndex(function (component) { return !answered(component); }));

  // A verifier answers the components of a potential candidate only.
  var held = document.getElementById("held");
  function needed() {
    var needs = !only || held.value === only.dataset.onlyFor;
    if (only) only.hidden = !needs;
    prompt.hidden = !needs;
  }
  // A potential candidate needs every component first, by keys on this page; then the same button, or Ctrl-Enter, sends.
  document.getElementById("conclusion").addEventListener("click", function (event) {
    var button = event.target.closest("[data-pick]");
    if (!button || !only) return;
    held.value = button.value;
    document.querySelectorAll("[data-pick]").forEach(function (other) { other.setAttribute("aria-pressed", String(other === button)); });
    var open = button.value === only.dataset.onlyFor && rows.filter(answered).length < rows.length;
    if (open) { event.preventDefault(); button.setAttribute("data-ctrl-enter", ""); held.dispatchEvent(new Event("change", { bubbles: true })); }
    needed();
    show(open);
  });
  needed();
  show(false);
  // Nobody decides on a face before it is shown, nor with the second press of a double click on the face before.
  var picks = document.querySelectorAll("[data-pick]"), DOUBLE_MS = 400;
  picks.forEach(function (pick) { pick.disabled = true; });
  Promise.allSettled(Array.from(viewer.querySelectorAll("img.layer"), function (face) { return face.decode(); })).then(function () {
    window.setTimeout(function () { picks.forEach(function (pick) { pick.disabled = false; }); }, DOUBLE_MS);
  });
})();
