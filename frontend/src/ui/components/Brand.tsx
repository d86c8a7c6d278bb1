import './Brand.css';

/** Two leaves and their overlap. */
const Mark = () => (
  <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
    <path className="mark-first" d="M4.6 2H11.6A9.6 9.6 0 1 1 2 11.6V4.6A2.6 2.6 0 0 1 4.6 2Z" />
    <path className="mark-second" d="M27.4 30H20.4A9.6 9.6 0 1 1 30 20.4V27.4A2.6 2.6 0 0 1 27.4 30Z" />
    <path className="mark-both" d="M21.17 10.83A9.6 9.6 0 0 1 10.83 21.17 9.6 9.6 0 0 1 21.17 10.83Z" />
  </svg>
);

/** The mark and the drawn name. */
export const Brand = () => (
  <span className="brand">
    <Mark />
    <svg className="wordmark" viewBox="0 0 130 42" role="img" aria-label="Parley">
      <path d="M4 39V12H13A9 9 0 0 1 22 21V30H13A9 9 0 0 1 4 21" />
      <path d="M48 30V21A9 9 0 0 0 39 12H30V21A9 9 0 0 0 48 21" />
      <path d="M57 30V21A9 9 0 0 1 65 12.1M73 3V30M81 21H99A9 9 0 1 0 96 27.6M107 12V21A9 9 0 0 0 125 21V12M125 21V30A9 9 0 0 1 109 35" />
    </svg>
  </span>
);
