// Upload of a video in pieces: progress, cancelling, and resuming after a broken connection or a closed page.
"use strict";
(function () {
  var PIECE = 4 * 1024 * 1024, PATIENCE = 8;
  var form = document.getElementById("upload");
  if (!form) return;
  var file = form.elements.file, start = document.getElementById("upload-start"), cancel = document.getElementById("upload-cancel");
  var box = document.getElementById("upload-progress"), words = box.querySelector("p"), bar = box.querySelector("progress");
  var error = document.getElementById("upload-error"), stop = null, video = null;

  function headers(more) {
    return Object.assign({ "X-CSRFToken": form.elements.csrfmiddlewaretoken.value }, more || {});
  }
  function place(verb) { return form.dataset.videos + video + "/" + verb + "/"; }
  function key(f) { return ["plainview-upload", form.elements.case.value, f.name, f.size, f.lastModified].join(":"); }
  function wait(ms) { return new Promise(function (done) { window.setTimeout(done, ms); }); }
  function size(bytes) { return (bytes / 1048576).toFixed(bytes < 10485760 ? 1 : 0) + " MB"; }

  // A refusal ends the upload; a broken connection or an unreachable server does not.
  async function ask(url, options) {
    var answer = await fetch(url, Object.assign({ signal: stop.signal, credentials: "same-origin" }, options));
    if (answer.redirected) throw Object.assign(new Error("You are signed out. Sign in and choose the same file again."), { final: true });
    if (answer.status === 403 || answer.status === 404 || answer.status === 400) {
      var refusal = await answer.json().catch(function () { return {}; });
      throw Object.assign(new Error(refusal.why ? refusal.why + " " + refusal.next : "The server refused it."), { final: true, rule: refusal.rule });
    }
    if (!answer.ok) {
      var page = await answer.text().catch(function () { return ""; });
      throw Object.assign(new Error(window.plainview.said(page, "The server answered " + answer.status + ".")), { answered: true });
    }
    return answer.json();
  }
  async function digest(piece) {
    if (!window.crypto || !crypto.subtle) return {};
    var bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", piece));
    return { "X-Part-SHA256": Array.from(bytes, function (b) { return b.toString(16).padStart(2, "0"); }).join("") };
  }
  function show(received, total, note) {
    bar.value = total ? received / total : 0;
    words.textContent = size(received) + " of " + size(total) + " uploaded" + (note ? ". " + note : "");
  }
  async function begin(f) {
    var known = localStorage.getItem(key(f));
    if (known) {
      video = known;
      try {
        var there = await ask(place("received"), {});
        if (there.state === "uploading" && there.size === f.size) return there.received;
      } catch (e) { if (!e.final) throw e; }
      localStorage.removeItem(key(f));
    }
    var body = { case: form.elements.case.value, name: f.name, size: f.size, from: form.elements.from.value, to: form.elements.to.value };
    var begun = await ask(form.dataset.begin, { method: "POST", headers: headers({ "Content-Type": "application/json" }), body: JSON.stringify(body) });
    video = begun.video;
    localStorage.setItem(key(f), video);
    return 0;
  }
  async function upload(f) {
    var received = null, failures = 0;
    while (received === null || received < f.size) {
      try {
        if (received === null) received = await begin(f);
        if (received >= f.size) break;
        var piece = await f.slice(received, received + PIECE).arrayBuffer();
        var more = headers(Object.assign({ "Content-Type": "application/octet-stream" }, await digest(piece)));
        received = (await ask(place("part") + "?offset=" + received, { method: "POST", headers: more, body: piece })).received;
        failures = 0;
        show(received, f.size);
      } catch (e) {
        if (stop.signal.aborted || (e.final && e.rule !== "video.other_bytes") || ++failures > PATIENCE) throw e;
        show(received || 0, f.size, e.answered ? e.message + " Trying again" : "Connection lost; trying again");
        await wait(Math.min(30000, 500 * Math.pow(2, failures)));
        if (video && received !== null) received = await ask(place("received"), {}).then(function (r) { return r.received; }, function () { return received; });
      }
    }
    var done = await ask(place("finish"), { method: "POST", headers: headers() });
    localStorage.removeItem(key(f));
    window.location.assign(done.url);
  }
  function busy(on) { start.disabled = on; cancel.hidden = !on; box.hidden = !on; file.disabled = on; form.elements.case.disabled = on; }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    var f = file.files[0];
    if (!f) return;
    stop = new AbortController(); error.hidden = true;
    busy(true); show(0, f.size);
    upload(f).catch(function (e) {
      busy(false);
      if (stop.signal.aborted) return;
      error.textContent = e.message + (e.final ? "" : " Choose the same file again to continue where it stopped.");
      error.hidden = false;
    });
  });
  cancel.addEventListener("click", async function () {
    stop.abort();
    var f = file.files[0], gone = video;
    busy(false);
    if (gone && f) {
      localStorage.removeItem(key(f));
      await fetch(place("discard"), { method: "POST", headers: headers(), credentials: "same-origin" });
      video = null;
      words.textContent = "";
    }
  });
  window.addEventListener("beforeunload", function (event) { if (start.disabled && !stop.signal.aborted && bar.value < 1) event.preventDefault(); });
})();
