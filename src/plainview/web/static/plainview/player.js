// The player of a video: a mark of the time line shows its still's frame; the time line follows the video, and leads it.
"use strict";
(function () {
  var player = document.getElementById("player"), video = player && player.querySelector("video");
  if (!player) return;
  var shown = player.querySelector("[data-shown]"), picture = shown.querySelector("img"), at = 0;
  function line() { return document.querySelector(".timeline svg"); }
  function length() { return Number(line().dataset.length) || 1; }
  function head() {
    if (!line()) return;
    var mark = line().querySelector(".head"), x = Math.min(1000, 1000 * at / length());
    mark.setAttribute("x1", x); mark.setAttribute("x2", x); mark.classList.add("on");
  }
  function show(link) {
    if (video) video.pause();
    at = Number(link.dataset.seconds);
    player.hidden = false;
    shown.hidden = false;
    if (video) video.hidden = true;
    picture.src = link.dataset.still;
    picture.alt = link.dataset.words;
    player.querySelector("[data-words]").textContent = link.dataset.words;
    player.querySelector("[data-page]").href = link.getAttribute("href");
    head();
    picture.onload = function () { player.scrollIntoView({ block: "nearest" }); };
  }
  function play(seconds) {
    shown.hidden = true;
    video.hidden = false;
    if (video.readyState) video.currentTime = seconds;
    else video.addEventListener("loadedmetadata", function () { video.currentTime = seconds; }, { once: true });
    video.play().catch(function () {});  // the error event says why
  }
  document.addEventListener("click", function (event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    var link = event.target.closest("[data-still]"), drawing = event.target.closest(".timeline svg");
    if (link) { event.preventDefault(); show(link); return; }
    if (event.target.closest("[data-play]")) { play(at); return; }
    if (drawing && video && !video.error) {
      var place = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
      if (place.x < 0 || place.x > 1000) return;
      at = place.x * length() / 1000;
      head();
      play(at);
    }
  });
  // New faces replace the time line; where one is stays.
  document.addEventListener("htmx:afterSwap", function () { if (!shown.hidden || (video && !video.paused)) head(); });
  if (!video) return;
  video.addEventListener("timeupdate", function () { at = video.currentTime; head(); });
  video.addEventListener("error", function () {
    video.hidden = true;
    player.querySelector("[data-unplayed]").hidden = false;
    var button = player.querySelector("[data-play]");
    if (button) button.remove();
  });
})();
