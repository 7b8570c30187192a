// Rules for the JavaScript of the app. The types are checked by tsc, which knows the names of the browser.
import js from "./.npm/node_modules/@eslint/js/src/index.js";

export default [{ ...js.configs.recommended, rules: { ...js.configs.recommended.rules, "no-undef": "off" } }];
