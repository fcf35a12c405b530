from .facts import ReportSettings as ReportSettings, gather_facts as gather_facts
from .files import write_report as write_report
from .phrases import LANGUAGES as LANGUAGES
