from .machine import MISSING as MISSING, WORKS as WORKS, examine_machine as examine_machine
from .workspace import Damage as Damage, examine_workspace as examine_workspace, repair_workspace as repair_workspace
