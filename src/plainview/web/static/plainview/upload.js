// data-upload on a form with files: they are sent with a progress bar, and the upload can be stopped.
// Without this script, or if anything is missing, the form is sent as usual.
"use strict";
(function () {
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("[data-upload]") || !window.FormData || !window.XMLHttpRequest) return;
    var files = form.querySelector("input[type=file]"), area = form.querySelector("[data-upload-progress]");
    if (!files || !files.files.length || !area) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    var most = Number(files.dataset.most || 0);
    if (most && files.files.length > most) {
      area.hidden = false;
      area.querySelector("[data-upload-cancel]").hidden = true;
      area.querySelector("p").textContent = "You chose " + files.files.length + " files; one upload takes " + most + ". Nothing was sent. Upload them in parts, or ask the operator to allow a folder of the server.";
      return;
    }
    if (form.dataset.sending) return;
    form.dataset.sending = "1";
    form.setAttribute("aria-busy", "true");
    var bar = area.querySelector("progress"), words = area.querySelector("p"), request = new XMLHttpRequest();
    function say(text) { words.textContent = text; }
    function over() { delete form.dataset.sending; form.removeAttribute("aria-busy"); }
    area.hidden = false;
    say("Uploading " + files.files.length + (files.files.length === 1 ? " file" : " files") + " …");
    request.upload.addEventListener("progress", function (step) {
      if (!step.lengthComputable) return;
      bar.max = step.total; bar.value = step.loaded;
      say(step.loaded < step.total ? (step.loaded / 1048576).toFixed(1) + " of " + (step.total / 1048576).toFixed(1) + " MB uploaded" : "Uploaded. The server is processing the files …");
    });
    request.addEventListener("load", function () {
      over();
      if (new URL(request.responseURL || window.location.href).pathname.startsWith("/accounts/")) {
        document.dispatchEvent(new Event("plainview:signed-out"));
        say("You were signed out, and nothing was enrolled. The files are still chosen: send them again after you sign in.");
        return;
      }
      // The server answers with a redirect to the job, or with this page and its errors.
      if (request.responseURL && request.responseURL !== window.location.href) { window.location.assign(request.responseURL); return; }
      var why = window.plainview.said(request.responseText, "The server did not accept the files. Reload the page and try again.");
      say(request.status < 500 ? why : why + " Nothing was enrolled. The files are still chosen.");
      area.querySelector("[data-upload-cancel]").hidden = true;
    });
    request.addEventListener("error", function () { over(); say("The connection was lost. Nothing was enrolled; upload the files again."); });
    request.addEventListener("abort", function () { over(); say("Cancelled. Nothing was enrolled."); });
    area.querySelector("[data-upload-cancel]").hidden = false;
    area.querySelector("[data-upload-cancel]").onclick = function () { request.abort(); };
    request.open("POST", form.action);
    request.send(new FormData(form));
  }, true);
})();
