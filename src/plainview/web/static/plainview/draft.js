// Saves the form's answers on the server: after every change, again after a lost connection, and after signing in
// again in another tab. Nothing is stored in the browser.
"use strict";
(function begin() {
  var form = document.getElementById("desk"), state = document.getElementById("draft-state");
  if (!form || !form.dataset.draft) return;
  var WAIT_MS = 600, AGAIN_MS = 3000, unsaved = false, sending = false, timer = null, over = false, renewed = false, gone = new AbortController();

  function say(text, look) { if (state.textContent !== text) state.textContent = text; state.classList.toggle("look", Boolean(look)); }
  function later(ms) { window.clearTimeout(timer); timer = window.setTimeout(save, ms); }
  function options(method) { return { method: method, credentials: "same-origin", redirect: "manual", headers: { Accept: "application/json" } }; }
  function version() { return form.elements.version; }

  function save() {
    if (!unsaved || sending || over) return;
    var request = options("POST");
    request.body = new FormData(form);
    request.keepalive = true;
    sending = true; unsaved = false;
    fetch(form.dataset.draft, request).then(function (answer) {
      if (answer.type === "opaqueredirect") return signedOut();
      if (answer.status === 403 && !renewed) return fresh();
      if (answer.status >= 500) {
        return answer.text().then(function (page) {
          failed(window.plainview.said(page, "The server could not answer.") + " Your answers stay on this page and will be saved once it can.");
        });
      }
      if (!answer.ok) { over = true; say("This draft can no longer be saved. Reload the page to see why.", true); return null; }
      renewed = false;
      return answer.json().then(function (draft) {
        version().value = draft.version;
        if (draft.elsewhere) say("This draft is also open in another tab or window. The latest change is kept, here at " + draft.saved_at + ". Reload to see all answers.", true);
        else say("Draft saved at " + draft.saved_at + ". Nothing is recorded yet.");
      });
    }).catch(function () {
      failed("No connection. Your answers stay on this page and will be saved once it is back.");
    }).finally(function () { sending = false; if (unsaved) later(state.classList.contains("look") ? AGAIN_MS : WAIT_MS); });
  }
  function failed(text) { unsaved = true; say(text, true); }
  function signedOut() { failed("You are signed out. Saved answers are safe. Sign in again in another tab, then continue here."); }
  function fresh() {  // the form's token is of an earlier session: ask for this one's
    unsaved = true;
    return fetch(form.dataset.draft, options("GET")).then(function (answer) {
      if (answer.type === "opaqueredirect" || !answer.ok) return signedOut();
      return answer.json().then(function (state) { renewed = true; form.elements.csrfmiddlewaretoken.value = state.token; say("Saving the draft…"); });
    });
  }
  function look() {  // another tab may have changed the draft meanwhile
    if (document.hidden || unsaved || sending) return;
    fetch(form.dataset.draft, options("GET")).then(function (answer) { return answer.ok && answer.type !== "opaqueredirect" ? answer.json() : null; }).then(function (state) {
      if (state && Number(version().value) < state.version) say("The draft was changed in another tab or window. Reload to see it; if you continue here, the latest change is kept.", true);
    }).catch(function () {});
  }
  form.querySelectorAll("button[value=draft]").forEach(function (button) { button.remove(); });  // it happens by itself
  ["input", "change"].forEach(function (name) {
    form.addEventListener(name, function (event) { if (event.target.name) { unsaved = true; later(WAIT_MS); } });  // the viewer's own have no name
  });
  form.addEventListener("submit", function () { over = true; });
  function on(target, name, act) { target.addEventListener(name, act, { signal: gone.signal }); }
  on(window, "pageshow", function () { over = false; });
  on(window, "online", save);
  on(window, "pagehide", save);
  on(document, "visibilitychange", function () { if (document.hidden) save(); else look(); });
  // A decision that the server did not take leaves the form as it was; one that it took brings the form of the next face.
  on(document, "htmx:afterRequest", function (event) {
    if (event.target !== form || event.detail.xhr.getResponseHeader("HX-Redirect")) return;
    over = false; unsaved = true; later(AGAIN_MS);
  });
  on(document, "htmx:afterSettle", function () { if (!form.isConnected) { over = true; gone.abort(); begin(); } });
})();
