# What the server says in the terminal, and in place of the app.
door-open = Open this address in a browser of this machine. Its last part is the token, which is new at each start:
door-open-without-token = The app is at { $address } and needs no token: every account of this machine can open it.
door-token-not-printed = The app is at { $address } and needs a token. The token is not printed, since other accounts can read the file that this output goes to. Start the app in a terminal, or give a token of your own in { $variable }.
door-token-short = The token in { $variable } has fewer than { $count } characters and could be guessed.
door-token-title = This app opens with a token
door-token-about =
    The address lacks its token. The token keeps other accounts of this machine out.
door-wrong-token-title = This token is not the one of the running app
door-wrong-token-about =
    The token in the address is wrong, or it belongs to an earlier start: each start of the app makes a new one.
door-token-advice =
    The whole address was printed in the terminal in which the app was started. It ends in `?token=` and the token. Copy all of it into the browser. It is needed once, until the app is started again.
    If you cannot see that terminal any more: end the app and start it again.
    If only you use this machine: `make app TOKEN=no` starts the app without a token, or `streamlit run app.py -- --no-token`.
door-again = You followed a link from another page and opened the app before? Open this address again.
door-go-on = Go on to the app
door-host-title = The app does not answer to this name
door-host-about =
    The address names the machine `{ $host }`. The app answers only to the names that it was started for, because foreign web sites can give this machine other names.
    On the machine itself, open the address that was printed in the terminal; it begins with `http://localhost`.
    To open the app under another name, start it with that name: `FOSSILVIT_HOSTS=name make app`.
door-origin-title = The request came from another web page
door-origin-about =
    The app answers only to its own pages. Open it by the address that was printed in the terminal in which it was started.
