// Reviewing a candidate list by keys: the probe and the current candidate stay side by side; a key sets it aside.
"use strict";
(function () {
  var review = document.getElementById("review"), at = null, enlarged = null, undone = [], seen = new Set(), queue = Promise.resolve();
  function cards() { return Array.from(document.querySelectorAll("[data-candidate]")); }
  function one(name) { return document.querySelector("[data-now=" + name + "]"); }
  function say(name, text) { document.querySelectorAll("[data-now=" + name + "]").forEach(function (e) { e.textContent = text; }); }
  function open(card) { return card && !card.classList.contains("is-aside") && card.querySelector(".acts"); }
  function go(card, focus) {
    if (!card) return;
    if (at) at.classList.remove("is-current");
    at = card;
    card.classList.add("is-current");
    if (focus) {  // not when the page opens: it begins with its finding
      card.focus({ preventScroll: true });
      card.scrollIntoView({ block: "nearest" });
    }
    var picture = card.querySelector("img.face"), face = one("face"), examine = document.querySelector(".bar [data-examine]");
    if (face && picture) { face.srcset = picture.srcset || picture.dataset.srcset; face.src = picture.src || picture.dataset.later; face.alt = picture.alt; face.dataset.place = picture.dataset.place; }
    say("rank", card.dataset.rank);
    say("list", card.dataset.list || "");
    say("score", card.dataset.score);
    if (examine) examine.href = card.dataset.examineUrl;
  }
  function step(by) {
    var all = cards(), place = all.indexOf(at);
    var next = all[place < 0 ? 0 : Math.min(Math.max(place + by, 0), all.length - 1)];
    go(next, true);
    return next;
  }
  // One request after another, in the order of the keys: each is an entry of the log.
  function send(card, fields) {
    var body = new FormData();
    body.append("csrfmiddlewaretoken", card.querySelector("[name=csrfmiddlewaretoken]").value);
    Object.keys(fields).forEach(function (name) { body.append(name, fields[name]); });
    queue = queue.then(function () {
      return fetch(card.dataset.asideUrl, { method: "POST", body: body, headers: { Accept: "application/json" }, redirect: "manual" });
    }).then(function (answer) {
      if (answer.type === "opaqueredirect") { document.dispatchEvent(new Event("plainview:signed-out")); throw new Error("Your session ended."); }
      if (answer.status >= 500) return answer.text().then(function (page) { throw new Error(window.plainview.said(page, "The server could not answer.")); });
      return answer.json().then(function (data) { if (!answer.ok) throw new Error(data.why); return data; });
    }).then(function (data) {
      // Of several galleries in one list the server counts one.
      var done = review.hasAttribute("data-together") ? one("progress").value + ("undo" in fields ? -1 : 1) : data.done;
      say("done", done);
      one("progress").value = done;
    }).catch(function (error) {
      card.classList.toggle("is-aside", "undo" in fields);
      window.plainview.toast("Not recorded. " + error.message, "");
    });
  }
  function setAside(card, reason) {
    if (!open(card)) return;
    card.querySelector("[data-why]").textContent = reason;
    card.classList.add("is-aside");
    undone.push(card);
    send(card, { reason: reason });
    var all = cards(), later = all.slice(all.indexOf(card) + 1).concat(all);
    go(later.find(open) || card, true);
  }
  function undo(card) {
    if (!card || !card.classList.contains("is-aside")) return;
    card.classList.remove("is-aside");
    send(card, { undo: "1" });
    go(card, true);
  }
  function large(link) {
    var dialog = document.getElementById("large");
    enlarged = link.closest("[data-candidate]");
    dialog.querySelector("[data-large-picture]").src = link.dataset.zoom;
    dialog.querySelector("[data-large-words]").textContent = link.dataset.words || "";
    if (!dialog.open) dialog.showModal();
  }
  function concludeAll() {
    var dialog = document.getElementById("none"), missing = cards().filter(function (card) { return open(card) && !seen.has(card.dataset.rank); });
    if (!dialog) return;
    if (missing.length) {
      go(missing[0], true);
      window.plainview.toast("View every candidate first: " + missing.length + " of the list " + (missing.length === 1 ? "was" : "were") + " not on the screen yet.", "");
      return;
    }
    dialog.querySelector("[name=seen]").value = Array.from(seen).join(",");
    dialog.showModal();
  }
  document.addEventListener("focusin", function (event) {
    var card = event.target.closest("[data-candidate]");
    if (card && card !== at) go(card, false);
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("button, a"), card = event.target.closest("[data-candidate]");
    if (button && button.dataset.step) { step(Number(button.dataset.step)); return; }
    if (button && button.hasAttribute("data-none")) { concludeAll(); return; }
    if (button && button.hasAttribute("data-close")) { button.closest("dialog").close(); return; }
    if (button && button.hasAttribute("data-undo")) { undo(undone.pop()); return; }
    if (button && button.hasAttribute("data-undo-this")) { undo(card); return; }
    if (button && button.dataset.aside) { event.preventDefault(); setAside(card || at, button.dataset.aside); return; }
    if (button && button.hasAttribute("data-large")) { var now = at || step(1), link = now && now.querySelector("[data-zoom]"); if (link) large(link); return; }
    var picture = event.target.closest("[data-candidate] [data-zoom]");
    if (picture && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); go(card, true); large(picture); return; }
    if (card && !button) go(card, true);
  });
  // Enter on a card examines it. In the large view J, K and Escape still work; the page's own keys are off then.
  document.addEventListener("keydown", function (event) {
    var dialog = document.getElementById("large");
    if (event.ctrlKey || event.metaKey || event.altKey || document.documentElement.classList.contains("keys-off")) return;
    if (window.plainview.keyOf(event).includes("1") && at && !event.repeat && !document.querySelector("dialog[open]") && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) { event.preventDefault(); setAside(at, "other person"); return; }
    if (event.key === "Enter" && event.target === at && at.dataset.examineUrl && review.hasAttribute("data-review")) { event.preventDefault(); window.location.assign(at.dataset.examineUrl); return; }
    var key = window.plainview.keyOf(event).find(function (name) { return /^[zjk]$/.test(name); });
    if (!dialog || !dialog.open || !key) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (key === "z") { dialog.close(); return; }
    var next = step(key === "j" ? 1 : -1), link = next && next.querySelector("[data-zoom]");
    if (link) large(link);
  }, true);
  document.addEventListener("DOMContentLoaded", function () {
    var dialog = document.getElementById("large"), watcher = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) { if (entry.isIntersecting) { seen.add(entry.target.dataset.rank); entry.target.dataset.seen = "1"; } });
    }, { threshold: 0.5 });
    function watch() { cards().forEach(function (card) { watcher.observe(card); }); go(cards().find(open) || cards()[0], false); }
    // A browser puts the focus back on the card that opened the large view; the reader goes on from the last card in it.
    if (dialog) dialog.addEventListener("close", function () { if (document.contains(enlarged)) go(enlarged, true); });
    document.body.addEventListener("htmx:afterSettle", watch);
    watch();
    // The faces below the first ten come once those are there: on a slow line they would all come last.
    function later() { document.querySelectorAll("img[data-later]").forEach(function (face) { face.srcset = face.dataset.srcset; face.src = face.dataset.later; face.removeAttribute("data-later"); }); }
    window.addEventListener("load", function () { later(); document.body.addEventListener("htmx:afterSettle", later); });
  });
})();
