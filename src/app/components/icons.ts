// The page's icons: 24 × 24, drawn with strokes. `filled` parts are painted with the text colour.
export const ICONS = {
  answer: 'M5 3h14v18H5zM8.5 8h7M8.5 12h5M8.5 16h3',
  ask: 'M4 5h16v11H12l-4.5 4v-4H4zM8.5 10.5h7',
  evaluate: 'M4 20V4M4 20h16M8 16l4-5 3 2 5-7',
  models: 'M12 2l9 5-9 5-9-5zM3 11.5l9 5 9-5M3 16l9 5 9-5',
  library: 'M12 6c-2-1.6-5-2-8-1.5v14C7 18 10 18.4 12 20c2-1.6 5-2 8-1.5v-14C17 4 14 4.4 12 6zM12 6v14',
  history: 'M12 7v5l3.5 2M4 12a8 8 0 1 0 2.6-5.9M4 4v4h4',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M6 6l12 12M18 6L6 18',
  warn: 'M12 4L2.5 20h19zM12 10v4.5M12 17.2v.2',
  info: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 11v5.5M12 7.6v.2',
  pause: 'M8.5 5v14M15.5 5v14',
  play: 'M8 5l11 7-11 7z',
  download: 'M12 4v11m0 0l-4.5-4.5M12 15l4.5-4.5M5 20h14',
  right: 'M5 12h14m0 0l-5-5m5 5l-5 5',
  up: 'M6 15l6-6 6 6',
  down: 'M6 9l6 6 6-6',
  search: 'M10.5 4.5a6 6 0 1 0 0 12a6 6 0 1 0 0-12M15 15l5 5',
  pencil: 'M4 20l1-5L16 4l4 4L9 19zM13.5 6.5l4 4',
  trash: 'M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13',
  plus: 'M12 5v14M5 12h14',
  sun: 'M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  auto: 'M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16',
  file: 'M5 2h9l5 5v15H5zM14 2v5h5M8 12.5h8M8 15.5h8M8 18.5h5M9.5 6v4m0 0L8 8.5M9.5 10L11 8.5',
} as const
export type IconName = keyof typeof ICONS
export const FILLED: Partial<Record<IconName, string>> = { auto: 'M12 4a8 8 0 0 1 0 16z' }
