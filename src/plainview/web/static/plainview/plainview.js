// Every page's script: keys, one act per click, and errors that are read out.
"use strict";
(function () {
  // data-key="j" on a link, button or input: pressing the key clicks it. data-key-label is its description.
  function typing(target) {
    return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
      (target.tagName === "INPUT" && !/^(radio|checkbox|button|submit|range)$/.test(target.type));
  }
  // WCAG 2.1.4: keys of one character can be switched off; a browser without storage leaves them on.
  function keysOff() { try { return window.localStorage.getItem("plainview-keys") === "off"; } catch { return false; } }
  function switchKeys(off) {
    document.documentElement.classList.toggle("keys-off", off);
    try { if (off) window.localStorage.setItem("plainview-keys", "off"); else window.localStorage.removeItem("plainview-keys"); } catch { return; }
  }
  document.documentElement.classList.toggle("keys-off", keysOff());
  function keyed() {
    return Array.from(document.querySelectorAll("[data-key]")).filter(function (e) { return e.offsetParent !== null || e.type === "radio" || e.closest("[data-keys-only], details[data-keys]:not([open])"); });
  }
  function showKeys() {
    var dialog = document.getElementById("keys"), list = dialog.querySelector("dl");
    list.replaceChildren();
    var seen = {};
    keyed().forEach(function (e) {
      if (seen[e.dataset.key]) return;
      seen[e.dataset.key] = true;
      var dt = document.createElement("dt"), dd = document.createElement("dd"), kbd = document.createElement("kbd");
      kbd.textContent = e.dataset.key; dt.append(kbd);
      dd.textContent = e.dataset.keyLabel || e.textContent.trim();
      list.append(dt, dd);
    });
    if (!list.children.length) list.textContent = "Only Tab, Enter and Escape.";
    dialog.showModal();
  }
  // A key means the same on every keyboard: with Caps Lock, on the row of digits of AZERTY, and under Greek or Cyrillic letters.
  function keyOf(event) {
    var key = event.key.length === 1 ? event.key.toLowerCase() : event.key, code = /^(Digit|Key)(.)$/.exec(event.code || "");
    if (code && code[1] === "Digit" && !event.shiftKey && !/[0-9]/.test(key)) return [key, code[2]];
    return code && code[1] === "Key" && key > "~" ? [key, code[2].toLowerCase()] : [key];
  }
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]") || keysOff()) return;
    if (event.key === "?") { event.preventDefault(); showKeys(); return; }
    if (event.key === "/" && document.getElementById("find")) { event.preventDefault(); document.getElementById("find").focus(); return; }
    var keys = keyOf(event), on = keyed(), target = keys.map(function (key) { return on.find(function (e) { return e.dataset.key === key; }); }).find(Boolean);
    if (target && event.repeat && !/^[jk+\-[\]]$/.test(target.dataset.key)) { event.preventDefault(); return; }  // a key held down moves; it answers nothing twice
    if (target) { event.preventDefault(); var closed = target.closest("details[data-keys]:not([open])"); if (closed) closed.open = true; if (target.offsetParent !== null) target.focus({ preventScroll: true }); target.click(); }
  });
  // Ctrl-Enter sends the form of the page with its primary button, from any field.
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || event.repeat || !(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
    var button = document.querySelector("[data-ctrl-enter]");
    if (button) { event.preventDefault(); button.click(); }
  });

  // The reader's time zone: every time of every page is written in it.
  try { document.cookie = "plainview_zone=" + Intl.DateTimeFormat().resolvedOptions().timeZone + "; path=/; max-age=31536000; samesite=lax"; } catch { /* UTC */ }

  // A line that appears, is read out, and goes.
  function toast(text, url) {
    var line = document.getElementById("toast");
    line.replaceChildren();
    var what = document.createElement(url ? "a" : "span");
    what.textContent = text;
    if (url) what.href = url;
    line.append(what);
    line.hidden = false;
    window.clearTimeout(toast.timer);
    toast.timer = window.setTimeout(function () { line.hidden = true; }, 8000);
  }
  // What a page that refuses says, for a script that had asked and does not leave its own page.
  function said(html, otherwise) {
    var page = new DOMParser().parseFromString(html, "text/html"), errors = page.getElementById("errors");
    var parts = errors ? Array.from(errors.children) : Array.from(page.querySelectorAll("p.error[role=alert]"));
    return parts.map(function (part) { return part.textContent.trim().replace(/\s+/g, " "); }).join(" ") || otherwise;
  }
  window.plainview = { toast: toast, keyOf: keyOf, said: said };

  // What waits for the member is asked every two seconds while the page is looked at. A session that ended shows here:
  // the page stays as it is, with every answer, and goes on after a sign-in in another tab.
  var out = false, since = "", heard = Date.now(), AWAKE_MS = 10000;
  function signedOut() {
    out = true;
    var dialog = document.getElementById("signed-out");
    if (dialog && !dialog.open) { document.querySelectorAll("dialog[open]").forEach(function (other) { other.close(); }); dialog.showModal(); }
  }
  document.addEventListener("plainview:signed-out", signedOut);
  // What htmx asked for may be answered by the sign-in page, by a refusal or by nobody: this page stays as it is and says so.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!new URL(event.detail.xhr.responseURL || location.href).pathname.startsWith("/accounts/")) return;
    event.detail.shouldSwap = false;
    signedOut();
  });
  document.addEventListener("htmx:responseError", function (event) {
    if (event.detail.requestConfig.verb === "post") toast("Not saved. " + said(event.detail.xhr.responseText, "The server refused it (" + event.detail.xhr.status + "). Reload the page to see why."), "");
  });
  document.addEventListener("htmx:sendError", function (event) {
    if (event.detail.requestConfig.verb === "post") toast("No connection: nothing was sent. Try again when it is back.", "");
  });
  function show(id, count) {
    var place = document.getElementById(id);
    if (!place) return;
    place.hidden = !count;
    place.textContent = String(count);
  }
  function renew(token) {
    document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach(function (input) { input.value = token; });
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }
  function ask() {
    if (document.visibilityState !== "visible") return Promise.resolve(true);
    return fetch("/news/now/?since=" + since, { headers: { Accept: "application/json" }, redirect: "manual" }).then(function (answer) {
      // Who was never answered is not signed out: a new member sets up a second factor first.
      if (answer.type === "opaqueredirect" || answer.status === 403) { if (since !== "") signedOut(); return null; }
      return answer.ok ? answer.json() : null;
    }).then(function (data) {
      heard = Date.now();
      if (!data) return !out;
      renew(data.token);  // a sign-in in another tab, even while this one was hidden, ends the token of every open form
      if (out) { out = false; document.getElementById("signed-out").close(); toast("Signed in again. Your answers are kept.", ""); }
      show("task-count", data.tasks);
      show("news-count", data.unseen);
      if (since !== "" && data.newest && String(data.newest) !== since) toast(data.text, data.url);
      since = String(data.newest);
      return true;
    }).catch(function () { return false; });  // the network comes back
  }
  // A page that slept does not know that its session or its network is gone: it asks before it sends what was written in it.
  document.addEventListener("submit", function (event) {
    var form = event.target, button = event.submitter;
    if (form.method !== "post" || !document.body.hasAttribute("data-asks") || Date.now() - heard < AWAKE_MS) return;
    event.preventDefault(); event.stopImmediatePropagation();
    ask().then(function (on) {
      if (on) { heard = Date.now(); form.requestSubmit(button); }
      else if (!out) toast("No connection: nothing was sent. Try again when it is back.", "");
    });
  }, true);

  // Fifty galleries: the filter hides those that do not match; selected ones are always shown.
  document.addEventListener("input", function (event) {
    var field = event.target, shown = 0;
    if (!field.matches("[data-filter]")) return;
    var list = document.querySelector(field.dataset.filter), words = field.value.toLowerCase().split(/\s+/);
    list.querySelectorAll(":scope > li").forEach(function (row) {
      row.hidden = !row.querySelector("input:checked") && !words.every(function (word) { return row.dataset.text.includes(word); });
      if (!row.hidden) shown += 1;
    });
    list.parentElement.querySelector("[data-filter-none]").hidden = shown > 0;
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && event.target.matches && event.target.matches("[data-filter]")) event.preventDefault();
  });

  // One act per click: a form that is being sent cannot be sent twice.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method === "dialog" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    window.setTimeout(function () { delete form.dataset.sent; form.removeAttribute("aria-busy"); }, 10000);
  });
  // The back button restores a page as it was: let its forms be sent again.
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; form.removeAttribute("aria-busy"); });
  });

  document.addEventListener("DOMContentLoaded", function () {
    // On a phone a table stacks: each cell then says which column it is.
    document.querySelectorAll("table.stack").forEach(function (table) {
      var heads = Array.from(table.querySelectorAll("thead th")).map(function (head) { return head.textContent.trim(); });
      table.querySelectorAll("tbody tr").forEach(function (line) {
        Array.from(line.children).forEach(function (cell, i) { if (cell.tagName === "TD" && heads[i] && !cell.dataset.label) cell.dataset.label = heads[i]; });
      });
    });
    var errors = document.getElementById("errors");
    if (errors) errors.focus();
    document.querySelectorAll("[data-show-keys]").forEach(function (button) { button.addEventListener("click", showKeys); });
    if (document.body.hasAttribute("data-asks")) { ask(); window.setInterval(ask, 2000); }
    var on = document.getElementById("keys-on");
    on.checked = !keysOff();
    on.addEventListener("change", function () { switchKeys(!on.checked); });
    document.addEventListener("click", function (event) {
      document.querySelectorAll("details.menu[open]").forEach(function (menu) { if (!menu.contains(event.target)) menu.open = false; });
    });
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach(function (menu) { menu.open = false; menu.querySelector("summary").focus(); });
    });
  });
})();
