import { useEffect, useRef } from "preact/hooks";
import { BINDINGS, keyLabel } from "./keys";

/** The table of keys; Escape or ? closes it. */
export function Help({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-label="Keys"
      onClose={onClose}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "?") dialog.current?.close();
      }}
    >
      <h2>Keys</h2>
      <table>
        <tbody>
          {BINDINGS.map((binding) => (
            <tr key={binding.action}>
              <th scope="row">
                {binding.keys.map((key, i) => (
                  <span key={key}>
                    {i > 0 && " or "}
                    <kbd>{keyLabel(key)}</kbd>
                  </span>
                ))}
              </th>
              <td>{binding.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
