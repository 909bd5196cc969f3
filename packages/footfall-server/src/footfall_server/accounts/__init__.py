"""Who may do what: projects, write keys, tokens, sign-in links, sessions; and what projects keep.

SQLAlchemy over SQLite (a file of the data directory) or PostgreSQL by URL; the schema by Alembic
(`migrations/`). Write keys are public by nature, since they ship inside libraries, and are kept as
they are; every secret is kept as its SHA-256 only. Everything here is synchronous and short; call
it from a thread where the event loop must stay free. Start with `accounts.py`; `documents.py` keeps
boards, reports, cohorts, settings and the like; `erasures.py` the receipts of what was erased.
"""

from footfall_server.accounts.accounts import Accounts, Created, WriteKey
from footfall_server.accounts.documents import Document, Documents
from footfall_server.accounts.erasures import Erasures, Receipt

__all__ = ["Accounts", "Created", "Document", "Documents", "Erasures", "Receipt", "WriteKey"]
