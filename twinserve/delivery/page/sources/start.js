/** Ask for the form's row and show what comes. */
async function predict() {
  const row = readForm();
  if (row === null) return;
  try {
    const answer = await ask({ features: row }, query);
    showAnswer(answer);
    showTiming(answer);
    // On a telephone it stands below the form.
    byId("answer").scrollIntoView({ block: "nearest" });
  } catch (error) {
    showFault(error);
  }
}

byId("row").addEventListener("submit", (event) => {
  event.preventDefault();
  predict();
});
byId("row").addEventListener("input", ({ target }) => {
  tell(Number(target.dataset.place), "");
  mark(Number(target.dataset.place));
  showCode();
});
for (const button of document.querySelectorAll("[data-example]")) {
  button.addEventListener("click", () => {
    fillIn(model.examples[Number(button.dataset.example)]);
    showCode();
    predict();
  });
}

for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", ({ key }) => {
    const next = { ArrowRight: tab.nextElementSibling, ArrowLeft: tab.previousElementSibling }[key];
    if (next) {
      choose(next);
      next.focus();
    }
  });
}
byId("copy").addEventListener("click", copyCode);

byId("file").addEventListener("change", ({ target }) => {
  if (target.files.length) predictFile(target.files[0]);
  target.value = "";
});
// Anywhere on the page: a file that misses the field would otherwise take its place.
addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("drop").classList.add("over");
});
addEventListener("dragleave", () => byId("drop").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file) {
    byId("many").scrollIntoView();
    predictFile(file);
  }
});
showCode();
