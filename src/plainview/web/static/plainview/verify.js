// Checks one entry of the log in the browser: every hash compared here is computed in the browser.
// RFC 9162 (leaf, inclusion proof, root) by WebCrypto's SHA-256; C2SP signed note by Ed25519 where the browser has it.
"use strict";
(function () {
  var area = document.getElementById("verification"), button = document.getElementById("verify");
  if (!area || !button || !window.crypto || !window.crypto.subtle) return;
  button.hidden = false;
  document.getElementById("without").hidden = true;

  function fromHex(text) {
    if (!/^([0-9a-f]{2})*$/.test(text)) throw new Error("not hexadecimal");
    return Uint8Array.from(text.match(/../g) || [], function (pair) { return parseInt(pair, 16); });
  }
  function hex(bytes) { return Array.from(bytes, function (b) { return b.toString(16).padStart(2, "0"); }).join(""); }
  function fromBase64(text) { return Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); }); }
  function joined() {
    var parts = Array.from(arguments), all = new Uint8Array(parts.reduce(function (n, p) { return n + p.length; }, 0)), at = 0;
    parts.forEach(function (part) { all.set(part, at); at += part.length; });
    return all;
  }
  async function sha256(bytes) { return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)); }

  async function rootFrom(leaf, index, size, proof) {
    // RFC 9162, 2.1.3.2, with numbers that JavaScript holds exactly.
    if (!(index >= 0 && index < size)) throw new Error("the log has no such entry");
    var fn = index, sn = size - 1, node = leaf;
    for (var step of proof) {
      if (sn === 0) throw new Error("the proof is too long");
      if (fn % 2 === 1 || fn === sn) {
        node = await sha256(joined(Uint8Array.of(1), step, node));
        while (fn % 2 === 0 && fn !== 0) { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); }
      } else {
        node = await sha256(joined(Uint8Array.of(1), node, step));
      }
      fn = Math.floor(fn / 2); sn = Math.floor(sn / 2);
    }
    if (sn !== 0) throw new Error("the proof is too short");
    return node;
  }

  async function signature(note, vkey) {
    // name+keyid+base64(0x01 || key); the note is a text, an empty line, and "— name base64(keyid || signature)".
    var parts = vkey.split("+"), name = parts[0], key = fromBase64(parts.slice(2).join("+"));
    var cut = note.lastIndexOf("\n\n"), body = note.slice(0, cut + 1);
    var line = note.slice(cut + 2).split("\n").find(function (signatureLine) { return signatureLine.indexOf("— " + name + " ") === 0; });
    if (!line) return "none";
    var signed = fromBase64(line.slice(("— " + name + " ").length));
    if (key[0] !== 1 || hex(signed.slice(0, 4)) !== parts[1]) return "none";
    try {
      var imported = await crypto.subtle.importKey("raw", key.slice(1), { name: "Ed25519" }, false, ["verify"]);
      return await crypto.subtle.verify({ name: "Ed25519" }, imported, signed.slice(4), new TextEncoder().encode(body)) ? "good" : "bad";
    } catch (error) {
      return "unknown";  // this browser has no Ed25519
    }
  }

  function head(note) {
    var lines = note.split("\n");
    return { origin: lines[0], size: Number(lines[1]), root: hex(fromBase64(lines[2])) };
  }

  async function check() {
    var data = area.dataset, list = document.getElementById("checked"), verdict = document.getElementById("verdict"), sound = true;
    list.replaceChildren();
    function say(good, words) {
      var item = document.createElement("li");
      item.textContent = (good ? "Checked: " : "FAILED: ") + words;
      if (!good) { item.className = "bad"; sound = false; }
      list.append(item);
    }
    try {
      var text = document.getElementById("canonical").value, note = document.getElementById("checkpoint").textContent, signed = head(note);
      var leaf = await sha256(joined(Uint8Array.of(0), new TextEncoder().encode(text)));
      var same = hex(leaf) === data.leaf;
      say(same, same ? "the text above hashes to the leaf " + hex(leaf) + "." : "the text above hashes to " + hex(leaf) + ", but the log has " + data.leaf + ". It is not the recorded entry.");
      var number = null;
      try { number = JSON.parse(text).seq; } catch (error) { number = null; }
      say(number === Number(data.entry), "the text is entry " + number + ", and the proof is for entry " + data.entry + ".");
      var steps = data.proof ? data.proof.split(" ").map(fromHex) : [];
      var root = hex(await rootFrom(leaf, Number(data.entry), Number(data.size), steps));
      var leads = root === signed.root && Number(data.size) === signed.size;
      say(leads, leads ? steps.length + " hashes lead from the leaf to the root " + root + ", as in the checkpoint of " + signed.size + " entries." : "the proof leads to the root " + root + ", but the checkpoint has " + signed.root + ".");
      var answer = await signature(note, data.key);
      if (answer === "unknown") {
        var item = document.createElement("li");
        item.textContent = "Not checked: this browser does not support Ed25519, so the signature of the checkpoint was not checked. A copy of the log can be verified instead.";
        list.append(item);
      } else {
        say(answer === "good", answer === "good" ? "the checkpoint is signed by the key " + data.key + " (Ed25519)." : "the checkpoint is not signed by the key " + data.key + ".");
      }
      verdict.textContent = sound ? "OK: this entry is in the log, unchanged." : "NOT OK: this differs from the log.";
    } catch (error) {
      sound = false;
      verdict.textContent = "NOT OK: the proof is invalid (" + error.message + ").";
    }
    verdict.className = sound ? "verdict" : "verdict bad";
    area.dataset.verdict = sound ? "ok" : "bad";
  }
  button.addEventListener("click", function () {
    button.disabled = true;
    check().finally(function () { button.disabled = false; });
  });
})();
