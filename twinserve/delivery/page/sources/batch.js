const MOST_BYTES = 64 * 2 ** 20;
const MOST_SHOWN = 20;
const CHUNK = 500;
let running = 0;

/** Predict each row of a file, and offer it with the predictions. */
async function predictFile(file) {
  const mine = ++running;
  const place = byId("batch");
  byId("table").replaceChildren();
  const progress = element("progress", { max: "1", value: "0", "aria-label": `Rows of ${file.name}` });
  place.replaceChildren(progress);
  try {
    if (file.size > MOST_BYTES) throw new Error("more than 64 MiB are too much for this page");
    const table = tableOf(await textOfFile(file));
    if (!table.records.length) throw new Error("the file has a header at most, and no row");
    const began = performance.now();
    const answers = await predictRows(table, (share) => { progress.value = share; }, () => mine === running);
    if (answers) showBatch(file, table, answers, performance.now() - began);
  } catch (error) {
    if (mine === running) {
      place.replaceChildren(element("p", { class: "refused" }, `${file.name}: ${error.message}.`));
    }
  }
}

/** For each record its prediction, or why it has none; null where another file has come meanwhile. */
async function predictRows({ records, places, separator }, tellShare, wanted) {
  const number = numberOf(separator);
  const answers = records.map((record) => rowOf(record, places, number));
  const waiting = [...answers.keys()].filter((place) => !answers[place].wrong);
  let size = Math.min(CHUNK, model.limits.rows);
  while (waiting.length) {
    const chunk = waiting.slice(0, size);
    const content = { instances: chunk.map((place) => answers[place].row) };
    if (model.include.length) content.parameters = { include: model.include };
    const tooLong = JSON.stringify(content).length > model.limits.bytes / 3;
    const answer = tooLong && size > 1 ? { status: 413 } : await ask(content);
    if (!wanted()) return null;
    if (answer.status === 413 && size > 1) {
      size = Math.ceil(size / 2);
      continue;
    }
    const refused = refusedRows(answer, chunk);
    if (answer.status === 200) {
      chunk.forEach((place, index) => { answers[place].answer = asObject(answer.body.predictions[index]); });
    } else if (refused.size) {
      for (const [place, detail] of refused) answers[place].wrong = detail;
    } else {
      throw new Error(`${reason(answer)} (at row ${chunk[0] + 1})`);
    }
    const done = new Set(answer.status === 200 ? chunk : refused.keys());
    waiting.splice(0, chunk.length, ...chunk.filter((place) => !done.has(place)));
    tellShare(1 - waiting.length / answers.length);
  }
  return answers;
}

const asObject = (given) => (given !== null && typeof given === "object" ? given : { prediction: given });

/** Of a refusal, the rows that it names, each with the reason. */
function refusedRows(answer, chunk) {
  const refused = new Map();
  for (const { pointer, detail } of answer.body?.errors ?? []) {
    const [, index] = /^#\/instances\/(\d+)/.exec(pointer) ?? [];
    const place = chunk[Number(index)];
    if (index !== undefined && place !== undefined && !refused.has(place)) refused.set(place, detail);
  }
  return refused;
}

/** The cells that are added to each record, and their heads. */
function addedCells(header, answers) {
  const free = (name) => (header.includes(name) ? free(`${name}_`) : name);
  const kinds = [["prediction", ({ answer }) => answer.prediction]];
  if (model.classes.length) kinds.push(["label", ({ answer }) => called(answer)]);
  if (answers.some(({ answer }) => answer?.probabilities)) {
    for (const name of model.classes) kinds.push([`probability_${name}`, ({ answer }) => answer.probabilities?.[name] ?? ""]);
  }
  const wrong = answers.some((one) => one.wrong) ? [[free("error"), (one) => one.wrong ?? ""]] : [];
  const heads = [...kinds.map(([name]) => free(name)), ...wrong.map(([name]) => name)];
  const cells = (one) => [...kinds.map(([, cell]) => (one.wrong ? "" : cell(one))), ...wrong.map(([, cell]) => cell(one))];
  return { heads, cells };
}

/** Say what came of a file, offer it, and show its first rows. */
function showBatch(file, table, answers, took) {
  const { heads, cells } = addedCells(table.header, answers);
  const wide = (record) => [...record, ...Array(Math.max(0, table.header.length - record.length)).fill("")];
  const rows = table.records.map((record, place) => [...wide(record), ...cells(answers[place])]);
  const text = formatCsv([[...table.header, ...heads], ...rows], table.separator);
  const link = element("a", {
    class: "main file", download: `${file.name.replace(/\.[^.]*$/, "")}-predictions.csv`,
    href: URL.createObjectURL(new Blob([text], { type: "text/csv" })),
  }, "Save the predictions as CSV");
  const right = answers.filter((one) => !one.wrong);
  const wrong = answers.length - right.length;
  const said = `${file.name}: ${right.length} of ${answers.length} rows predicted in ${milliseconds(took)}`
    + `${wrong ? `; ${wrong} do not fit, and say why in their last column` : ""}.`;
  const shown = [element("p", {}, said)];
  const agreed = agreement(table, answers);
  if (agreed) shown.push(element("p", {}, agreed));
  if (model.classes.length && right.length) shown.push(counted(right));
  byId("batch").replaceChildren(...shown, element("p", {}, link));
  showRows([...heads, ...table.header], rows.slice(0, MOST_SHOWN).map((row) =>
    [...row.slice(row.length - heads.length), ...row.slice(0, row.length - heads.length)]), rows.length);
}

/** How many rows of each class were predicted. */
function counted(right) {
  const counts = {};
  for (const { answer } of right) counts[called(answer)] = (counts[called(answer)] ?? 0) + 1;
  const shares = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count / right.length]));
  return bars(shares, (_, name) => String(counts[name]));
}

/** Where the file has the column that is predicted: how often both say the same. */
function agreement(table, answers) {
  const place = table.header.indexOf(model.label);
  if (place < 0 || !model.classes.length) return "";
  const known = answers.flatMap((one, row) => {
    const text = (table.records[row][place] ?? "").trim();
    return !one.wrong && text ? [called(one.answer) === text] : [];
  });
  return known.length ? `${known.filter(Boolean).length} of ${known.length} agree with the file's column ${model.label}.` : "";
}

function showRows(heads, rows, whole) {
  const caption = whole > rows.length ? `The first ${rows.length} of ${whole} rows` : "All rows";
  byId("table").replaceChildren(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element("table", {}, element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, shortCell(cell)))))))));
}

const shortCell = (cell) => (typeof cell === "number" && !Number.isInteger(cell) ? cell.toPrecision(4) : String(cell).slice(0, 80));
