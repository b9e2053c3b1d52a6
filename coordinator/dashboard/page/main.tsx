import { render } from "preact";
import { takeToken } from "./api.js";
import { App } from "./app.js";

takeToken();
// An address with a token may be opened in a tab that is here already.
addEventListener("hashchange", takeToken);
const place = document.getElementById("app");
if (place !== null) render(<App />, place);
