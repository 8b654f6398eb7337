// The design system's own behaviour (menus, error summaries). Every page works without it.
import { initAll } from "../nhsuk/nhsuk.js";

initAll();

