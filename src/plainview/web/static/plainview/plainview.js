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
    return Array.from(document.querySelectorAll("[data-key]")).filter(function (e) { return e.offsetParent !== null || e.type === "radio"; });
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
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]") || keysOff()) return;
    if (event.key === "?") { event.preventDefault(); showKeys(); return; }
    var target = keyed().find(function (e) { return e.dataset.key === event.key; });
    if (target) { event.preventDefault(); target.focus(); target.click(); }
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
    var errors = document.getElementById("errors");
    if (errors) errors.focus();
    document.querySelectorAll("[data-show-keys]").forEach(function (button) { button.addEventListener("click", showKeys); });
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
