from .errors import (
    advice_of as advice_of,
    as_line as as_line,
    as_lines as as_lines,
    of_file_named as of_file_named,
    problem_of as problem_of,
    terms as terms,
    translations as translations,
)
from .messages import (
    FOLDER as FOLDER,
    LANGUAGE_VARIABLE as LANGUAGE_VARIABLE,
    LANGUAGES as LANGUAGES,
    choose_language as choose_language,
    language as language,
    say as say,
    say_in as say_in,
    settle_language as settle_language,
)
