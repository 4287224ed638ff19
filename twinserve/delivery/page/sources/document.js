const model = JSON.parse(document.getElementById("model").textContent);
const byId = (id) => document.getElementById(id);

/** An element with its attributes and what it holds; texts are never read as HTML. */
function element(name, attributes = {}, ...children) {
  const made = withAttributes(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

function withAttributes(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** An element of a drawing, in the namespace of the drawing that is there. */
function drawn(drawing, name, attributes) {
  return withAttributes(document.createElementNS(drawing.namespaceURI, name), attributes);
}

/** A bar that is so much of the whole; widths by the object model, which the page's policy lets pass. */
function bar(share) {
  const length = element("i");
  length.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return length;
}

/** A list of names, each with its share of the whole as a bar, the largest first. */
function bars(shares, said, most = 12) {
  const sorted = Object.entries(shares).sort((a, b) => b[1] - a[1]);
  const list = element("ul", { class: "bars" });
  sorted.slice(0, most).forEach(([name, share], place) => {
    const track = element("span", { class: "track", "aria-hidden": "true" }, bar(share));
    list.append(element("li", { class: place ? "" : "first" },
      element("span", { class: "name" }, name), element("span", {}, said(share, name)), track));
  });
  if (sorted.length > most) list.append(element("li", {}, `and ${sorted.length - most} more`));
  return list;
}

const percent = (share) => `${(share * 100).toFixed(1)}%`;
const milliseconds = (value) => `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ms`;
