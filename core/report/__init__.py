"""A report on a run for the supplement of a paper: one page that needs nothing else, and all tables as CSV.

facts.py  what is told: clusters, evaluation, misfits, duplicates, failures
drawings.py  pictures as data URIs, plots as inline SVG
page.py  the facts and the words as HTML, from a template that escapes everything
files.py  the folder or ZIP
"""

from core.report.facts import Facts, ReportSettings, gather_facts
from core.report.files import write_report
from core.report.phrases import LANGUAGES

__all__ = ["LANGUAGES", "Facts", "ReportSettings", "gather_facts", "write_report"]
