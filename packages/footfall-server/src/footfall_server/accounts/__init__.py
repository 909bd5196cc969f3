"""Who may do what: people, projects, keys, tokens, sessions; what was done; what projects keep.

SQLAlchemy over SQLite (a file of the data directory) or PostgreSQL by URL; the schema by Alembic
(`migrations/`). Write keys are public by nature, since they ship inside libraries, and are kept as
they are; every secret is kept as its SHA-256 only. Everything here is synchronous and short; call
it from a thread where the event loop must stay free. Start with `accounts.py` (projects and write
keys), whose open metadata the others share: `users.py`, `sessions.py`, `tokens.py`, `audit.py`, and
`documents.py` for boards, reports, cohorts, settings and the like; `erasures.py` keeps the receipts
of what was erased.
"""

from footfall_server.accounts.accounts import Accounts, Created, WriteKey
from footfall_server.accounts.audit import Audit
from footfall_server.accounts.documents import Document, Documents
from footfall_server.accounts.erasures import Erasures, Receipt
from footfall_server.accounts.sessions import Sessions
from footfall_server.accounts.tokens import Tokens
from footfall_server.accounts.users import Users

__all__ = [
    "Accounts",
    "Audit",
    "Created",
    "Document",
    "Documents",
    "Erasures",
    "Receipt",
    "Sessions",
    "Tokens",
    "Users",
    "WriteKey",
]
