import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/controls.css";
import "./style/shell.css";
import "./style/panels.css";
import "./style/charts.css";
import "./style/tables.css";
import "./style/pages.css";
import "./style/requests.css";
import "./style/watch.css";
import "./style/manage.css";
import { App } from "./app.tsx";
import { followTheme } from "./data/theme.ts";

followTheme();
const root = document.getElementById("app");
if (root) render(<App />, root);
