// Below this page, wherever it stands: a function may have a path of its own in front.
const address = new URL(`${location.pathname.replace(/\/+$/, "")}/predict`, location.origin);
const query = model.include.length ? `?include=${model.include.join(",")}` : "";

/** Ask for a prediction; what came, how long it took, and who answered. */
async function ask(content, where = "") {
  const began = performance.now();
  const answer = await fetch(`${address}${where}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    text,
    body: parsed(text),
    took: performance.now() - began,
    parts: partsOf(answer.headers.get("Server-Timing")),
    instance: instanceOf(answer.headers.get("X-Instance")),
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** From `name;dur=1.5, …` to pairs of a name and its milliseconds. */
function partsOf(header) {
  return (header ?? "").split(",").flatMap((part) => {
    const [, name, duration] = /^\s*([\w-]+);dur=([\d.]+)/.exec(part) ?? [];
    return name ? [[name, Number(duration)]] : [];
  });
}

/** From `i3f; requests=1; age=183.2` to its members. */
function instanceOf(header) {
  const [, name, requests, age] = /^(\S+); requests=(\d+); age=([\d.]+)/.exec(header ?? "") ?? [];
  return name ? { name, requests: Number(requests), age: Number(age) } : null;
}

/** Why there is no prediction, as the server says it. */
function reason(answer) {
  return answer.body?.detail ?? `the server answered ${answer.status}`;
}
