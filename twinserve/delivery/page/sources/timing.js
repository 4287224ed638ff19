const trips = [];
const MOST_TRIPS = 40;

/** Draw what the request and the instance's start were spent on, and the trips before it. */
function showTiming(answer) {
  const inside = answer.parts.filter(([name]) => name === "predict");
  const start = answer.parts.filter(([name]) => name !== "predict");
  const spent = inside.reduce((sum, [, part]) => sum + part, 0);
  const shown = [stack("This request", [["network and server", Math.max(0, answer.took - spent)], ...inside])];
  if (start.length) shown.push(stack("The start of this instance", start));
  if (answer.instance) {
    const { name, requests, age } = answer.instance;
    const up = age < 120000 ? `${(age / 1000).toFixed(0)} s` : `${(age / 60000).toFixed(0)} min`;
    shown.push(element("p", { class: "hint" }, `Instance ${name}, request ${requests}, up for ${up}`));
  }
  byId("parts").replaceChildren(...shown);
  trips.push(answer.took);
  if (trips.length > MOST_TRIPS) trips.shift();
  drawTrips();
  byId("timing").hidden = false;
}

/** A bar of parts, with the whole above it and a key below. */
function stack(title, parts) {
  const whole = parts.reduce((sum, [, part]) => sum + part, 0);
  return element("div", {},
    element("div", { class: "took" }, element("span", {}, title), element("span", {}, milliseconds(whole))),
    element("div", { class: "stack", "aria-hidden": "true" }, ...parts.map(([, part]) => bar(part / (whole || 1)))),
    element("p", { class: "keys" }, ...parts.map(([name, part]) =>
      element("span", { class: "key" }, `${name} ${milliseconds(part)}`))));
}

function drawTrips() {
  const drawing = byId("trips");
  const top = Math.max(...trips);
  const width = 200 / MOST_TRIPS;
  drawing.replaceChildren(...trips.map((took, place) => {
    const height = Math.max(1, (took / top) * 38);
    return drawn(drawing, "rect", { x: place * width, y: 40 - height, width: width - 1, height });
  }));
  const sorted = [...trips].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const said = trips.length === 1 ? `1 round trip, ${milliseconds(median)}`
    : `${trips.length} round trips, median ${milliseconds(median)}, from ${milliseconds(sorted[0])} to ${milliseconds(top)}`;
  drawing.setAttribute("aria-label", said);
  byId("trips-said").textContent = said;
}
