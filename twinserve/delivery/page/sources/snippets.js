const LANGUAGES = { curl, python, javascript };

function curl(row) {
  const body = JSON.stringify({ features: row }).replaceAll("'", `'\\''`);
  return `curl '${address}${query}' \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
}

function python(row) {
  return [
    "import json",
    "import urllib.request",
    "",
    "request = urllib.request.Request(",
    `    ${JSON.stringify(`${address}${query}`)},`,
    `    json.dumps({"features": ${pythonValue(row)}}).encode(),`,
    '    {"Content-Type": "application/json"},',
    ")",
    "with urllib.request.urlopen(request) as answer:",
    "    print(json.load(answer))",
  ].join("\n");
}

function javascript(row) {
  return [
    `const answer = await fetch(${JSON.stringify(`${address}${query}`)}, {`,
    '  method: "POST",',
    '  headers: { "Content-Type": "application/json" },',
    `  body: JSON.stringify({ features: ${lines(row, JSON.stringify, "    ", "  ")} }),`,
    "});",
    "console.log(await answer.json());",
  ].join("\n");
}

function pythonValue(row) {
  const literal = (value) =>
    value === null ? "None" : value === true ? "True" : value === false ? "False" : JSON.stringify(value);
  return lines(row, literal, "        ", "    ");
}

/** An object, a member a line where they are many. */
function lines(row, literal, indent, end) {
  const members = Object.entries(row).map(([name, value]) => `${JSON.stringify(name)}: ${literal(value)}`);
  const short = members.join(", ");
  return short.length < 50 ? `{${short}}` : `{\n${members.map((one) => `${indent}${one},\n`).join("")}${end}}`;
}

let language = "curl";

/** Show the request that the form would send now; before it can, the first example's. */
function showCode() {
  const example = model.examples[0] ?? [];
  const row = readForm(true)
    ?? withoutGaps(Object.fromEntries(model.columns.map((column, place) => [column.name, example[place] ?? null])));
  byId("code").textContent = LANGUAGES[language](row);
}

/** Choose a language's tab. */
function choose(tab) {
  for (const other of tab.parentElement.children) {
    other.setAttribute("aria-selected", String(other === tab));
    other.tabIndex = other === tab ? 0 : -1;
  }
  language = tab.id.replace("tab-", "");
  byId("code").setAttribute("aria-labelledby", tab.id);
  showCode();
}

/** Copy the code, or select it where a browser lets no page copy. */
async function copyCode() {
  byId("copied").textContent = "";
  try {
    await navigator.clipboard.writeText(byId("code").textContent);
    byId("copied").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(byId("code"));
    byId("copied").textContent = "Selected: copy it with your keyboard";
  }
  setTimeout(() => { byId("copied").textContent = ""; }, 4000);
}
