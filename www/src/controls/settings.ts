/** Controls made from the table in config.ts: one per setting, by kind, with no code per setting. */
import {
  type Choice,
  type NumberSetting,
  type PageConfig,
  SETTINGS,
  type Setting,
  type SettingKey,
  type Settings,
  settingOf,
  type Widths,
} from "../config";
import { parseWidths } from "../config-url";
import { h, setText } from "../dom";
import { M, SETTING_TEXT } from "../messages";
import { NumberField } from "./number-field";

export interface SettingControl {
  readonly key: SettingKey;
  readonly element: HTMLElement;
  set(config: PageConfig): void;
}

export type OnSetting = <K extends SettingKey>(key: K, value: Settings[K]) => void;

export function settingControl(key: SettingKey, onChange: OnSetting): SettingControl {
  const setting: Setting = SETTINGS[key];
  switch (setting.kind) {
    case "choice":
      return choiceControl(key, setting, onChange);
    case "flag":
      return flagControl(key, onChange);
    case "number":
      return numberControl(key, setting, onChange);
    case "widths":
      return widthsControl(key, setting, onChange);
    case "rules":
    case "rule":
      throw new Error("rules have controls of their own");
  }
}

function row(
  key: SettingKey,
  control: HTMLElement,
  unit: string,
  below: HTMLElement | null,
): HTMLElement {
  const text = SETTING_TEXT[key];
  return h(
    "div",
    { class: "setting" },
    h(
      "label",
      { class: "setting-row", title: text.help },
      h("span", {}, text.label),
      control,
      h("span", { class: "unit" }, unit),
    ),
    below,
  );
}

function optionName(key: SettingKey, option: string): string {
  return SETTING_TEXT[key].options?.[option] ?? option;
}

function choiceControl(
  key: SettingKey,
  setting: Choice<string>,
  onChange: OnSetting,
): SettingControl {
  const select = h(
    "select",
    {},
    ...setting.options.map((option) => h("option", { value: option }, optionName(key, option))),
  );
  select.addEventListener("change", () => onChange(key, select.value as never));
  return {
    key,
    element: row(key, select, "", null),
    set: (config) => {
      select.value = String(settingOf(config, key));
    },
  };
}

function flagControl(key: SettingKey, onChange: OnSetting): SettingControl {
  const box = h("input", { type: "checkbox" });
  box.addEventListener("change", () => onChange(key, box.checked as never));
  const text = SETTING_TEXT[key];
  const element = h(
    "div",
    { class: "setting" },
    h("label", { class: "check", title: text.help }, box, h("span", {}, text.label)),
  );
  return {
    key,
    element,
    set: (config) => {
      box.checked = settingOf(config, key) === true;
    },
  };
}

function numberControl(
  key: SettingKey,
  setting: NumberSetting,
  onChange: OnSetting,
): SettingControl {
  const field = new NumberField({
    name: SETTING_TEXT[key].label,
    min: setting.min,
    max: setting.max,
    integer: setting.integer,
    help: SETTING_TEXT[key].help,
    onCommit: (value) => onChange(key, value as never),
  });
  return {
    key,
    element: row(key, field.input, setting.unit, field.message),
    set: (config) => field.set(settingOf(config, key) as number),
  };
}

function widthsControl(key: SettingKey, setting: Widths, onChange: OnSetting): SettingControl {
  const input = h("input", {
    class: "widths",
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
  });
  const message = h("p", { class: "field-message", role: "status" });
  let shown = "";
  input.addEventListener("change", () => {
    const read = parseWidths(input.value, setting.max, setting.maxLayers);
    if (read.value === undefined || read.problem !== null) {
      setText(
        message,
        M.controls.widthsBad(input.value.slice(0, 30), setting.maxLayers, setting.max),
      );
      input.value = shown;
      return;
    }
    setText(message, "");
    onChange(key, read.value as never);
  });
  return {
    key,
    element: row(key, input, "", message),
    set: (config) => {
      shown = (settingOf(config, key) as readonly number[]).join(", ");
      if (!input.matches(":focus")) input.value = shown;
    },
  };
}

/** A choice shown as a row of radio buttons: for the few that matter most. */
export function segmented<K extends SettingKey>(
  key: K,
  name: string,
  onChange: OnSetting,
): SettingControl {
  const setting = SETTINGS[key] as unknown as Choice<string>;
  const radios = setting.options.map((option) => {
    const radio = h("input", { type: "radio", name, value: option });
    radio.addEventListener("change", () => onChange(key, option as never));
    return radio;
  });
  const element = h(
    "fieldset",
    { class: "group" },
    h("legend", {}, SETTING_TEXT[key].label),
    h(
      "div",
      { class: "segments" },
      ...radios.map((radio) => h("label", {}, radio, h("span", {}, optionName(key, radio.value)))),
    ),
  );
  return {
    key,
    element,
    set: (config) => {
      for (const radio of radios) radio.checked = radio.value === settingOf(config, key);
    },
  };
}
