// The page's composition root: a client for the worker, the state, the shell. The model is fetched once the first picture stands.
import { mount } from 'svelte'
import Shell from './app/Shell.svelte'
import { App } from './app/state/app.svelte'
import './app/styles/index.css'
import { createClient } from './worker/client'

const app = new App(createClient())
mount(Shell, { target: document.body, props: { app } })
requestAnimationFrame(() => setTimeout(() => void app.start()))

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  addEventListener('load', () => {
    // Offline is an extra: where a service worker is refused the page works as before.
    navigator.serviceWorker.register('./sw.js').catch(() => undefined)
  })
}
