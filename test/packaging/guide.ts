/** The deployment guide as a stranger reads it. */
import { readFileSync } from 'node:fs'

export type Language = 'en' | 'zh-TW'

/** The commands of every chapter that has some, in order. */
export function chapters(language: Language): string[][] {
  const text = readFileSync(`src/docs/pages/${language}/deployment.md`, 'utf8')
  return text
    .split(/^## /m)
    .slice(1)
    .map((chapter) => [...chapter.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, commands = '']) => commands))
    .filter(({ length }) => length > 0)
}

/**
 * Runs what follows as root of a system of its own: what is written to the folders vanishes with it, `$bin` has the
 * stand-ins for programs that cannot run here. Arguments: folder of the state, folder of the stand-ins.
 */
export const OWN_SYSTEM = `
set -euo pipefail
root=$1 bin=$2
for folder in /etc /usr/local/bin /var/lib /var/log /run; do
  name=$(echo $folder | tr / _)
  mkdir -p "$root/$name/upper" "$root/$name/work"
  mount -t overlay overlay -o "lowerdir=$folder,upperdir=$root/$name/upper,workdir=$root/$name/work" "$folder"
done
export PATH="$bin:/usr/local/bin:$PATH" STAND_IN_STATE="$root"
`

/** Prints what `commands` print under a name. */
export const said = (name: string, commands: string) => `echo "<<${name}"\n${commands}\necho ">>"\n`

export const part = (printed: string, name: string): string =>
  new RegExp(`<<${name}\\n([\\s\\S]*?)\\n?>>`).exec(printed)?.[1] ?? `nothing of ${name}`
