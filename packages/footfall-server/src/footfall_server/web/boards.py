"""Boards: saved views beside one another, arranged, shared by a link, printed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.accounts import Document
from footfall_server.accounts.credentials import hash_of
from footfall_server.model.errors import FootfallError, NotFound, Unprocessable
from footfall_server.model.project import Project
from footfall_server.web import forms
from footfall_server.web.forms import Form
from footfall_server.web.insight import Figure, Insight
from footfall_server.web.overview import local_day
from footfall_server.web.render import Templates
from footfall_server.web.services import Services
from footfall_server.web.site import Served, Site, address

BOARDS, REPORTS, SHARES = "boards", "reports", "shares"
MOST_CARDS = 50
_Change = Callable[[Project, Document, Form], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it is shown. `fragment` is the template of its figure, '' for words alone."""

    title: str
    text: str
    width: str
    link: str
    fragment: str
    figure: Figure | None


class BoardPages(Site):
    """`/p/{project}/boards`, one board, and `/shared/{secret}`."""

    def __init__(
        self, services: Services, templates: Templates, insights: Mapping[str, Insight]
    ) -> None:
        super().__init__(services, templates)
        self._insights = insights
        self._by_report = {page.report: page for page in insights.values()}

    def routes(self) -> list[Served]:
        return [
            ("/p/{project}/boards", self.boards, ("GET", "POST")),
            ("/p/{project}/boards/{board}", self.board, ("GET", "POST")),
            ("/shared/{secret}", self.shared, ("GET",)),
        ]

    async def boards(self, request: Request) -> Response:
        """All boards; a POST makes one, or puts a view on one."""
        project = await self.project(request)
        problem = ""
        if request.method == "POST":
            await self.project(request, "editor")
            form = await forms.read(request)
            try:
                board = await run_in_threadpool(self._take, project, form)
            except FootfallError as error:
                problem = error.message
            else:
                return RedirectResponse(address(project, f"boards/{board.id}"), 303)
        found = await run_in_threadpool(self.services.documents.all, project, BOARDS)
        values = await self.frame(request, project, "boards")
        values |= {"rows": found, "problem": problem}
        return self.templates.page("boards.html", values, 422 if problem else 200)

    def _take(self, project: Project, form: Form) -> Document:
        """The board that was made or added to; boards go by their name here."""
        name = form.needed("board", "A board's name")
        documents = self.services.documents
        found = {one.name: one for one in documents.all(project, BOARDS)}
        board = found.get(name) or documents.create(project, BOARDS, name, {"cards": []})
        if form.text("do") != "card.add":
            return board
        view = form.needed("view", "A view")
        if view.partition("?")[0] not in self._insights:
            raise Unprocessable("UNKNOWN_VIEW", "There is no such view.", path="/view")
        cards = [*board.body.get("cards", []), {"title": form.text("title"), "view": view}]
        if len(cards) > MOST_CARDS:
            raise Unprocessable("TOO_MANY_CARDS", f"A board holds at most {MOST_CARDS} cards.")
        return documents.replace(project, BOARDS, board.id, name, {**board.body, "cards": cards})

    async def board(self, request: Request) -> Response:
        """One board, drawn as of now; a POST changes it."""
        project = await self.project(request)
        board = await self._document(project, request.path_params["board"])
        made = ""
        if request.method == "POST":
            await self.project(request, "editor")
            form = await forms.read(request)
            if form.text("do") == "delete":
                await run_in_threadpool(self._delete, project, board)
                return RedirectResponse(address(project, "boards"), 303)
            if form.text("do") == "share":
                made = await run_in_threadpool(self._share, project, board)
                await self.note(request, "board.share", project, board.name)
            else:
                await run_in_threadpool(self._change, project, board, form)
                return RedirectResponse(address(project, f"boards/{board.id}"), 303)
        values = await self.frame(request, project, "boards")
        values |= {
            "board": board,
            "cards": await self._cards(project, board),
            "link": f"{self.base_url(request)}/shared/{made}" if made else "",
            "is_shared": bool(await run_in_threadpool(self._shares, project, board.id)),
        }
        return self.templates.page("board.html", values)

    async def shared(self, request: Request) -> Response:
        """A board for who has its link: nothing can be changed, and nothing leads further."""
        share = await run_in_threadpool(self._shared, request.path_params["secret"])
        project = await run_in_threadpool(self._project_of, share.project)
        board = await self._document(project, share.body["board"])
        values = {
            **self.around(request),
            "project": project,
            "now": self.services.clock(),
            "board": board,
            "cards": await self._cards(project, board),
        }
        page = self.templates.page("shared.html", values)
        page.headers["referrer-policy"] = "no-referrer"
        page.headers["x-robots-tag"] = "noindex"
        return page

    async def _document(self, project: Project, id_: str) -> Document:
        return await run_in_threadpool(self.services.documents.get, project, BOARDS, id_)

    async def _cards(self, project: Project, board: Document) -> list[Card]:
        cards = board.body.get("cards", [])
        return list(await asyncio.gather(*(self._card(project, card) for card in cards)))

    async def _card(self, project: Project, card: Mapping[str, Any]) -> Card:
        title, width = str(card.get("title") or ""), str(card.get("width") or "half")
        if card.get("text"):
            return Card(title, str(card["text"]), width, "", "", None)
        view, query = card.get("view"), card.get("query")
        if card.get("report"):
            try:
                saved = await run_in_threadpool(
                    self.services.documents.get, project, REPORTS, str(card["report"])
                )
            except NotFound:
                gone = Figure(title, problem="The saved report isn't there any more.")
                return Card(title, "", width, "", "", gone)
            title = title or saved.name
            view, query = saved.body.get("view"), saved.body.get("query")
        if view:
            return await self._view(project, title, str(view), width)
        if card.get("days"):
            query = {**(query or {}), **self._days(project, int(card["days"]))}
        return await self._query(project, title, query or {}, width)

    def _days(self, project: Project, count: int) -> dict[str, str]:
        """The days that end today."""
        today = local_day(project, self.services.clock()).date()
        return {"from": (today - timedelta(days=count - 1)).isoformat(), "to": today.isoformat()}

    async def _view(self, project: Project, title: str, view: str, width: str) -> Card:
        page = self._insights.get(view.partition("?")[0])
        if page is None:
            gone = Figure(title, problem="This version has no such view.")
            return Card(title, "", width, "", "", gone)
        _, figure = await page.saved(project, view)
        return Card(title or figure.title, "", width, address(project, view), page.fragment, figure)

    async def _query(
        self, project: Project, title: str, query: Mapping[str, Any], width: str
    ) -> Card:
        """A query of the API, drawn as its report's page draws it, else its rows as a table."""
        page = self._by_report.get(str(query.get("report")))
        if page is not None:
            figure = await page.of_query(project, title, dict(query))
            return Card(title, "", width, "", page.fragment, figure)
        try:
            result = await self.services.insights.run(project, query, self.services.clock())
        except FootfallError as error:
            figure = Figure(title, problem=error.message)
        else:
            head = list(result.rows[0]) if result.rows else []
            figure = Figure(title, dict(query), result, None, {"head": head, "rows": result.rows})
        return Card(title, "", width, "", "figures/rows.html", figure)

    def _change(self, project: Project, board: Document, form: Form) -> None:
        """Rename, describe, arrange: whatever the form names."""
        body, name = dict(board.body), form.text("name") or board.name
        cards = list(body.get("cards", []))
        order = [int(place) for place in form.text("order").split(",") if place.isdecimal()]
        place = int(form.text("card")) if form.text("card").isdecimal() else -1
        if form.text("do") == "order" and sorted(order) == list(range(len(cards))):
            cards = [cards[each] for each in order]
        elif form.text("do") == "unshare":
            for share in self._shares(project, board.id):
                self.services.documents.delete(project, SHARES, share.id)
        elif form.text("do") == "words":
            cards.append({"title": form.text("title"), "text": form.needed("text", "A text")})
        elif 0 <= place < len(cards):
            cards = _arranged(cards, place, form.text("do"))
        body["cards"] = cards[:MOST_CARDS]
        self.services.documents.replace(project, BOARDS, board.id, name, body)

    def _delete(self, project: Project, board: Document) -> None:
        for share in self._shares(project, board.id):
            self.services.documents.delete(project, SHARES, share.id)
        self.services.documents.delete(project, BOARDS, board.id)

    def _share(self, project: Project, board: Document) -> str:
        """The secret of a new link; it is kept as a hash, so it is shown this once."""
        secret = secrets.token_urlsafe(32)
        self.services.documents.create(project, SHARES, hash_of(secret), {"board": board.id})
        return secret

    def _shares(self, project: Project, board: str) -> list[Document]:
        found = self.services.documents.all(project, SHARES)
        return [one for one in found if one.body.get("board") == board]

    def _shared(self, secret: str) -> Document:
        wanted = hash_of(secret)
        for one in self.services.documents.of_kind(SHARES):
            if one.name == wanted:
                return one
        raise NotFound("NOT_SHARED", "This link was withdrawn, or is incomplete.")

    def _project_of(self, id_: int) -> Project:
        for one in self.services.accounts.projects():
            if one.id == id_:
                return one
        raise NotFound("NOT_SHARED", "This link was withdrawn, or is incomplete.")


def _arranged(cards: list[Any], place: int, what: str) -> list[Any]:
    """The cards with one moved, removed, or made wider or narrower."""
    changed = list(cards)
    if what == "remove":
        del changed[place]
    elif what in ("up", "down"):
        other = place + (1 if what == "down" else -1)
        if 0 <= other < len(changed):
            changed[place], changed[other] = changed[other], changed[place]
    elif what == "width":
        wider = "half" if changed[place].get("width") == "full" else "full"
        changed[place] = {**changed[place], "width": wider}
    return changed
