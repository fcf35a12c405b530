from .door import guard as guard
from .door_token import announce as announce
from .finder import matches as matches
from .frame import begin_session as begin_session, require_router as require_router, show_screen as show_screen
from .routes import app_pages as app_pages
from .theme import apply_css as apply_css
