/** What a prediction is called. */
function called(body) {
  if (typeof body?.label === "string") return body.label;
  const { prediction } = body;
  if (model.classes.length) return model.classes[prediction] ?? String(prediction);
  const shown = typeof prediction === "number" ? Number(prediction.toPrecision(6)) : prediction;
  return `${shown}${model.unit ? ` ${model.unit}` : ""}`;
}

/** Show an answer, or why there is none. */
function showAnswer(answer) {
  const place = byId("answer");
  const right = answer.status === 200 && answer.body !== null;
  place.replaceChildren(...(right ? prediction(answer.body) : refusal(answer)));
  const drawing = byId("answered");
  drawing.hidden = !(right && drawing.firstElementChild);
  if (!drawing.hidden) {
    const [low, high] = model.target;
    moveMark(drawing.querySelector(".mark"), (answer.body.prediction - low) / (high - low));
  }
  byId("raw").hidden = false;
  byId("raw").querySelector("pre").textContent = answer.text;
}

function prediction(body) {
  const said = [element("p", { class: "said" }, called(body))];
  if (body.probabilities) said.push(bars(body.probabilities, percent));
  return said;
}

function refusal(answer) {
  for (const { pointer, detail } of answer.body?.errors ?? []) {
    const named = decodeURIComponent(pointer.split("/").pop()).replace(/~1/g, "/").replace(/~0/g, "~");
    const place = model.columns.findIndex((column) => column.name === named);
    if (place >= 0) tell(place, detail);
  }
  return [element("div", { class: "refused" },
    element("p", {}, element("strong", {}, answer.body?.title ?? "No prediction")),
    element("p", {}, reason(answer)))];
}

/** Show that nothing came back. */
function showFault(error) {
  byId("answer").replaceChildren(element("div", { class: "refused" },
    element("p", {}, element("strong", {}, "No answer")), element("p", {}, String(error.message))));
}
