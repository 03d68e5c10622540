// Steps 1 and 2 beyond plain forms: drop and paste, progress, boxes to click, a crop to draw.
"use strict";
(function () {
  function find(selector, within) { return (within || document).querySelector(selector); }

  // A dropped or pasted photograph goes into the form's own field; then the form is sent as if the file had been chosen.
  function startForm() { return find("form[data-photograph]"); }
  function problem(text) {
    var p = find("[data-problem]", startForm());
    p.textContent = text; p.hidden = !text;
  }
  function take(files) {
    var form = startForm();
    if (!form || !files || !files.length) return;
    var transfer = new DataTransfer();
    transfer.items.add(files[0]);
    find("#id_photo", form).files = transfer.files;
    send(form);
  }
  function send(form) {
    var file = find("#id_photo", form).files[0], most = Number(form.dataset.most);
    problem("");
    if (file && file.size > most) {
      problem("The file has " + (file.size / 1048576).toFixed(1) + " MB; the limit is " + (most / 1048576) + " MB. Send a cropped, lossless copy.");
      return;
    }
    form.requestSubmit(find("#send", form));
  }
  document.addEventListener("dragover", function (event) {
    if (!startForm()) return;
    event.preventDefault();
    find("[data-drop]").classList.add("over");
  });
  document.addEventListener("dragleave", function (event) {
    if (startForm() && !event.relatedTarget) find("[data-drop]").classList.remove("over");
  });
  document.addEventListener("drop", function (event) {
    if (!startForm()) return;
    event.preventDefault();
    find("[data-drop]").classList.remove("over");
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", function (event) {
    if (startForm() && event.clipboardData.files.length) { event.preventDefault(); take(event.clipboardData.files); }
  });
  document.addEventListener("change", function (event) {
    if (event.target.id === "id_photo" && event.target.files.length && find("#id_case").value) send(startForm());
  });

  // Sent by script, to show progress and allow cancelling; a refusal leaves the form as it was.
  var sending = null;
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("form[data-photograph]")) return;
    event.preventDefault();
    if (sending) return;
    problem("");
    sending = new XMLHttpRequest();
    sending.open("POST", form.action);
    sending.setRequestHeader("HX-Request", "true");
    sending.upload.addEventListener("progress", function (now) { sent(form, now.loaded, now.total); });
    sending.addEventListener("load", function () { answered(form, this); });
    sending.addEventListener("error", function () { stopped(form, "No connection: the photograph was not sent. It is still chosen; try again."); });
    sending.addEventListener("abort", function () { stopped(form, "Cancelled. Nothing was saved."); });
    sending.send(new FormData(form));
    find("[data-sending]", form).hidden = false;
    find("#send", form).disabled = true;
  });
  function sent(form, loaded, total) {
    var bar = find("progress", form), words = find("[data-sent]", form), mb = 1048576;
    if (loaded < total) { bar.value = loaded / total; words.textContent = "Sent " + (loaded / mb).toFixed(1) + " of " + (total / mb).toFixed(1) + " MB"; }
    else { bar.removeAttribute("value"); words.textContent = "Looking for faces"; }
  }
  function answered(form, request) {
    var there = request.getResponseHeader("HX-Redirect");
    if (there) { window.location.assign(there); return; }
    if (new URL(request.responseURL).pathname.startsWith("/accounts/")) {
      document.dispatchEvent(new Event("plainview:signed-out"));
      stopped(form, "You were signed out, and the photograph was not sent. It is still chosen: send it again after you sign in.");
      return;
    }
    var why = window.plainview.said(request.responseText, "The server could not answer.");
    stopped(form, request.status < 500 ? why : why + " The photograph was not accepted. It is still chosen; try again later.");
  }
  function stopped(form, words) {
    sending = null;
    find("[data-sending]", form).hidden = true;
    find("#send", form).disabled = false;
    problem(words);
  }
  window.addEventListener("pageshow", function () { if (startForm() && !sending) stopped(startForm(), ""); });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-abort]") && sending) sending.abort();
  });
  document.addEventListener("htmx:afterSwap", function () {
    var errors = find("#errors");
    if (errors) errors.focus();
  });

  // A click on a box in the picture chooses its face.
  function mark() {
    var checked = find("input[name=face]:checked") || find("input[type=hidden][name=face]");
    document.querySelectorAll("[data-face]").forEach(function (box) {
      box.classList.toggle("chosen", Boolean(checked) && checked.value === box.dataset.face);
    });
  }
  document.addEventListener("change", function (event) { if (event.target.name === "face") mark(); });

  // Drawing a crop: drag on the picture; the numbers of the form follow, and the form sends them.
  var cut = null;
  function at(svg, event) {
    var point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return { x: Math.min(Math.max(point.x, 0), Number(svg.dataset.width)), y: Math.min(Math.max(point.y, 0), Number(svg.dataset.height)) };
  }
  document.addEventListener("pointerdown", function (event) {
    var svg = event.target.closest && event.target.closest("[data-picture]");
    if (!svg || event.button !== 0 || event.pointerType === "touch" || !find("[data-cut-form]")) return;
    cut = { svg: svg, from: at(svg, event), face: event.target.closest("[data-face]"), moved: false };
    event.preventDefault();
  });
  document.addEventListener("pointermove", function (event) {
    if (!cut) return;
    var to = at(cut.svg, event);
    if (Math.abs(to.x - cut.from.x) + Math.abs(to.y - cut.from.y) > Number(cut.svg.dataset.width) / 100) cut.moved = true;
    if (!cut.moved) return;
    var tools = find(".edit-tools");
    if (tools) tools.open = true;
    var part = {
      x: Math.round(Math.min(to.x, cut.from.x)), y: Math.round(Math.min(to.y, cut.from.y)),
      width: Math.round(Math.abs(to.x - cut.from.x)), height: Math.round(Math.abs(to.y - cut.from.y))
    };
    Object.keys(part).forEach(function (name) { find("#id_" + name).value = part[name]; });
    show();
  });
  document.addEventListener("pointerup", function () {
    var drag = cut;
    cut = null;
    if (drag && !drag.moved && drag.face) choose(drag.face.dataset.face);
  });
  document.addEventListener("click", function (event) {
    var box = event.target.closest("[data-face]");
    if (box && !find("[data-cut-form]")) choose(box.dataset.face);
  });
  function choose(number) {
    var radio = find("input[name=face][value='" + number + "']");
    if (radio && !radio.disabled) { radio.focus({ preventScroll: true }); radio.click(); }
  }
  function show() {
    var rect = find("[data-cut]");
    ["x", "y", "width", "height"].forEach(function (name) { rect.setAttribute(name, find("#id_" + name).value || 0); });
  }
  document.addEventListener("input", function (event) {
    if (event.target.closest("[data-cut-form]")) show();
    var output = find("output[for='" + event.target.id + "']");
    if (output) output.textContent = event.target.value;
  });

  // Answers are saved as they are typed; the page says whether they were.
  function saved(text) { var word = find("#saved"); if (word) word.textContent = text; }
  document.addEventListener("htmx:afterRequest", function (event) {
    if (!event.target.matches("[data-autosave]")) return;
    saved(event.detail.successful ? "Saved" : "Not saved: the server did not answer. Your next change tries again.");
  });

  // Within 100 ms of the click the page shows that the search is running; the answer is a separate page.
  document.addEventListener("submit", function (event) {
    if (!event.target.matches("[data-search]") || event.defaultPrevented) return;
    event.target.hidden = true;
    var progress = find("#progress");
    progress.hidden = false;
    progress.scrollIntoView({ block: "nearest" });
  });
  window.addEventListener("pageshow", function () {
    var form = find("[data-search]");
    if (form) { form.hidden = false; find("#progress").hidden = true; }
  });
})();
