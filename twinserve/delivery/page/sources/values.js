const MOST = 3.4028234663852886e38;
const BOOLEANS = new Map([
  ...["true", "t", "yes", "y", "1", "1.0"].map((word) => [word, true]),
  ...["false", "f", "no", "n", "0", "0.0"].map((word) => [word, false]),
]);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** What a text means in a column: {value}, or {wrong} with the reason. */
function read(column, text, number = (given) => given) {
  const given = column.type === "text" ? text : text.trim();
  if (given === "") {
    if (column.missing) return { value: null };
    return column.type === "text" ? { value: "" } : { wrong: "a value is needed here" };
  }
  if (column.type === "number") {
    const plain = number(given);
    if (!NUMBER.test(plain)) return { wrong: `expected a number, found ${given}` };
    const value = Number(plain);
    return Math.abs(value) <= MOST ? { value } : { wrong: "beyond float32's range" };
  }
  if (column.type === "boolean") {
    const value = BOOLEANS.get(given.toLowerCase());
    return value === undefined ? { wrong: `expected true or false, found ${given}` } : { value };
  }
  return column.type === "category" ? readCategory(column, given) : { value: given };
}

function readCategory(column, given) {
  const whole = typeof column.values[0] === "number";
  const value = whole ? Number(given) : given;
  if (column.values.includes(value)) return { value };
  if (column.unknown && (!whole || Number.isInteger(value))) return { value };
  const shown = column.values.slice(0, 8).join(", ") + (column.values.length > 8 ? ", …" : "");
  return { wrong: `expected one of ${shown}, found ${given}` };
}

const fieldOf = (place) => byId(`f${place}`);
const textOf = (value) => (value === null || value === undefined ? "" : String(value));

/** Put a row into the form. */
function fillIn(row) {
  model.columns.forEach((column, place) => {
    fieldOf(place).value = textOf(row[place]);
    tell(place, "");
    mark(place);
  });
}

/** The row in the form by name, or null; what is wrong is said beside each field. */
function readForm(quietly = false) {
  const row = {};
  let first = null;
  model.columns.forEach((column, place) => {
    const { value, wrong } = read(column, fieldOf(place).value);
    if (!quietly) tell(place, wrong ?? "");
    if (wrong) first ??= fieldOf(place);
    if (value !== undefined) row[column.name] = value;
  });
  if (first && !quietly) first.focus();
  return first ? null : withoutGaps(row);
}

/** A row by name, without the gaps of columns that are left out where they have no value. */
function withoutGaps(row) {
  const out = new Set(model.columns.filter((column) => column.out).map((column) => column.name));
  return Object.fromEntries(Object.entries(row).filter(([name, value]) => value !== null || !out.has(name)));
}

/** Say what is wrong with a field, or that nothing is. */
function tell(place, wrong) {
  byId(`e${place}`).textContent = wrong;
  fieldOf(place).setAttribute("aria-invalid", String(wrong !== ""));
}

/** Show where a number stands among the table's, and whether it is beyond them. */
function mark(place) {
  const column = model.columns[place];
  if (!column.range) return;
  const { value } = read(column, fieldOf(place).value);
  const [low, high] = column.range;
  const beyond = typeof value === "number" && (value < low || value > high);
  const hint = byId(`h${place}`);
  hint.dataset.usual ??= hint.textContent;
  hint.textContent = beyond ? `beyond the table's ${low} to ${high}` : hint.dataset.usual;
  const drawing = fieldOf(place).parentElement.querySelector(".mark");
  if (drawing) moveMark(drawing, typeof value === "number" ? (value - low) / (high - low) : null);
}

function moveMark(drawing, share) {
  const at = share === null ? -9 : 1 + Math.max(0, Math.min(1, share)) * 198;
  drawing.setAttribute("x1", at);
  drawing.setAttribute("x2", at);
}
