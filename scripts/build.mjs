// npm run build: the engine, then the page and the command line that contain it.
import { build, installPackages } from './prepare.mjs'

installPackages()
build('engine')
build('page')
build('cli')
