import { render } from "preact";
import { catalogueOf } from "./i18n/catalogues";
import { remembered } from "./i18n/language";
import { use } from "./i18n/t";
import "./styles/index.css";

const language = remembered(localStorage, navigator.languages);
document.documentElement.lang = language;
// Texts come first: some modules hold tables of them.
use(language, await catalogueOf(language));
const { App } = await import("./app/App");
render(<App />, document.getElementById("app")!);
