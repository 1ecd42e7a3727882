import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import { MenuSvg } from '@jupyterlab/ui-components';

/** Opens what one rarely does in a call; in groups, whatever doesn't apply left out. */
export class MoreMenu {
  constructor(
    private readonly _commands: CommandRegistry,
    private readonly _groups: readonly (readonly string[])[]
  ) {
    this._menu = new MenuSvg({ commands: _commands });
  }

  /** Open it beside its button; gives back the focus when it closes. */
  open(button: HTMLElement): void {
    const menu = this._menu;
    menu.clearItems();
    for (const commands of this._groups) {
      const shown = commands.filter(
        command =>
          this._commands.hasCommand(command) &&
          this._commands.isVisible(command)
      );
      if (shown.length > 0 && menu.items.length > 0) {
        menu.addItem({ type: 'separator' });
      }
      shown.forEach(command => menu.addItem({ command }));
    }
    const { left, top } = button.getBoundingClientRect();
    const giveBack = (): void => {
      menu.aboutToClose.disconnect(giveBack);
      button.focus();
    };
    menu.aboutToClose.connect(giveBack);
    menu.open(left, top, { horizontalAlignment: 'left', forceY: false });
    menu.activeIndex = menu.items.findIndex(({ isEnabled }) => isEnabled);
  }

  dispose(): void {
    this._menu.dispose();
  }

  private readonly _menu: Menu;
}
