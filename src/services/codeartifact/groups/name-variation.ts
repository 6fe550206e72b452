/**
 * What names that a person could take for one another have in common (CodeArtifact user guide, "Package group definition
 * syntax and matching behavior", additional variations): letter case, runs of dash, dot and underscore, and characters
 * that look alike (Unicode Technical Standard 39, section 4: the skeleton of a text).
 *
 * The table of look-alikes is the package unhomoglyph's, which is Unicode's confusables.txt as data.
 */
import lookAlikes from "unhomoglyph/data.json" with { type: "json" };

const PROTOTYPES: ReadonlyMap<string, string> = new Map(Object.entries(lookAlikes));

/** Equal for two names that are variations of one another. A run of separators is never dropped: `foobar` is not `foo-bar`. */
export function nameVariation(name: string): string {
  return foldCase(skeleton(foldCase(name.normalize("NFKD")))).replace(/[-._]+/g, ".");
}

/** Case is folded first: to Unicode the capital I looks like l, but nobody who writes `Iron` means `lron`. */
function skeleton(name: string): string {
  let text = "";
  for (const character of name) text += PROTOTYPES.get(character) ?? character;
  return text.normalize("NFD");
}

/** By way of the capitals, as full case folding: ß and ss are one, and so are both small sigmas. */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase().replaceAll("ς", "σ");
}
