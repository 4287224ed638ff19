/** The records of a CSV text, RFC 4180: cells may be quoted, and hold separators and line breaks. */
function parseCsv(text, separator) {
  const records = [];
  let record = [], cell = "", quoted = false, place = 0;
  const endRecord = () => {
    record.push(cell);
    if (record.length > 1 || cell !== "") records.push(record);
    record = [];
    cell = "";
  };
  for (; place < text.length; place += 1) {
    const character = text[place];
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[place + 1] === '"') { cell += '"'; place += 1; }
      else quoted = false;
    } else if (character === '"' && cell === "") quoted = true;
    else if (character === separator) { record.push(cell); cell = ""; }
    else if (character === "\n") endRecord();
    else if (character !== "\r" || text[place + 1] !== "\n") cell += character;
  }
  if (cell !== "" || record.length) endRecord();
  return records;
}

/** Records as CSV text. */
function formatCsv(records, separator) {
  const special = (text) => text.includes(separator) || /["\r\n]/.test(text);
  const cell = (value) => (special(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return records.map((record) => `${record.map((one) => cell(String(one))).join(separator)}\n`).join("");
}

/** The text of a file: UTF-8, else the encoding of the model's own table. */
async function textOfFile(file) {
  const bytes = await file.arrayBuffer();
  for (const encoding of ["utf-8", model.table.encoding, "windows-1252"]) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch { /* the next one */ }
  }
  throw new Error("the file is in no encoding that could be read; save it as UTF-8");
}

/** The table of a file: its header, its records, and where each of the model's columns stands. */
function tableOf(text) {
  const known = [...new Set([model.table.separator, ",", ";", "\t", "|"])];
  let best = null;
  for (const separator of known) {
    const end = text.indexOf("\n");
    const header = (parseCsv(end < 0 ? text : text.slice(0, end + 1), separator)[0] ?? []).map((name) => name.trim());
    const places = model.columns.map((column) => header.indexOf(column.name));
    const missing = model.columns.filter((column, place) => places[place] < 0);
    if (best === null || missing.length < best.missing.length) best = { separator, header, places, missing };
  }
  const needed = best.missing.filter((column) => !column.missing);
  if (needed.length) throw new Error(`the file has no column ${needed.slice(0, 5).map((one) => one.name).join(", ")}`);
  return { ...best, records: parseCsv(text, best.separator).slice(1) };
}

/** A number as the model's own table writes it, where a file has its separator. */
function numberOf(separator) {
  const { decimal, thousands } = model.table;
  const own = separator === model.table.separator;
  return (text) => {
    let plain = own && thousands ? text.replaceAll(thousands, "") : text;
    if (own && decimal === ",") plain = plain.replace(",", ".");
    return plain;
  };
}

/** The row of a record, in the columns' order, or why it is none. */
function rowOf(record, places, number) {
  const row = [];
  for (const [index, column] of model.columns.entries()) {
    const text = places[index] < 0 ? "" : record[places[index]] ?? "";
    const gap = model.table.gaps.includes(text.trim());
    const { value, wrong } = read(column, gap ? "" : text, number);
    if (wrong) return { wrong: `${column.name}: ${wrong}` };
    row.push(value);
  }
  if (!model.named) return { row };
  return { row: withoutGaps(Object.fromEntries(model.columns.map((column, place) => [column.name, row[place]]))) };
}
