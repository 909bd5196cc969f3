// Drag a card to another place; the new order is sent as a form. The arrows do the same without this.
const board = document.querySelector("[data-board]");
const form = document.querySelector("[data-order]");
let dragged;

board?.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("[data-card]");
  event.dataTransfer.effectAllowed = "move";
  dragged?.classList.add("dragged");
});
board?.addEventListener("dragover", (event) => {
  const over = event.target.closest("[data-card]");
  if (!dragged || !over) return;
  event.preventDefault();
  if (over === dragged) return;
  const cards = [...board.children];
  over[cards.indexOf(over) > cards.indexOf(dragged) ? "after" : "before"](dragged);
});
board?.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  dragged = undefined;
  const order = [...board.children].map((card) => card.dataset.card).join(",");
  if (order === [...board.children].map((_, place) => place).join(",")) return;
  form.elements.order.value = order;
  form.submit();
});
