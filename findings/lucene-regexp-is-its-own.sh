#!/usr/bin/env bash
# Guess:   a regular expression of letters, classes and alternatives means in Lucene (so in OpenSearch's query_string and
#          `regexp` query) what it means in Python, Java and RE2, or is refused.
# Really:  it is taken and means something else. `a&b` is what fits both a and b, so nothing; `a@b` has any text in the
#          middle; `(|a)` wants the bar itself; `^a` wants a circumflex; `a"b"` ignores its quotes. And `[a-]`, a class with
#          a minus that every other language takes, is refused: the minus makes a range up to the bracket.
# Seen:    lucene-core 9.12.3, RegExp with all its syntax on, as RegexpQuery has it; Python 3.11.
# Source:  apache/lucene, org/apache/lucene/util/automaton/RegExp.java: parseUnionExp to parseCharExp.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

cat >pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.apache.lucene</groupId><artifactId>lucene-core</artifactId><version>9.12.3</version>
  </dependency></dependencies>
</project>
XML
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null
ls lib/lucene-core-*

cat >Fits.java <<'JAVA'
import org.apache.lucene.util.automaton.CharacterRunAutomaton;
import org.apache.lucene.util.automaton.Operations;
import org.apache.lucene.util.automaton.RegExp;

public class Fits {
  public static void main(String[] words) {
    for (int at = 0; at < words.length; at += 2) {
      String answer;
      try {
        var automaton = Operations.determinize(new RegExp(words[at], RegExp.ALL).toAutomaton(), 10_000);
        answer = new CharacterRunAutomaton(automaton).run(words[at + 1]) ? "fits" : "does not fit";
      } catch (IllegalArgumentException refused) {
        answer = "refused";
      }
      System.out.println(words[at] + "  " + words[at + 1] + "  =>  " + answer);
    }
  }
}
JAVA
cat >fits.py <<'PY'
import re, sys

for pattern, text in zip(sys.argv[1::2], sys.argv[2::2]):
    print(pattern, "", text, " => ", "fits" if re.fullmatch(pattern, text) else "does not fit")
PY

asked=('a&b' 'a&b' 'a@b' 'a@b' 'a@b' 'axxb' '(|a)' 'a' '(|a)' '|a' '^a' '^a' 'a"b"' 'ab' '[a-]' '-')
expect 'Python' 'a&b  a&b  =>  fits
a@b  a@b  =>  fits
a@b  axxb  =>  does not fit
(|a)  a  =>  fits
(|a)  |a  =>  does not fit
^a  ^a  =>  does not fit
a"b"  ab  =>  does not fit
[a-]  -  =>  fits' "$(python3 fits.py "${asked[@]}")"
expect 'Lucene' 'a&b  a&b  =>  does not fit
a@b  a@b  =>  fits
a@b  axxb  =>  fits
(|a)  a  =>  does not fit
(|a)  |a  =>  fits
^a  ^a  =>  fits
a"b"  ab  =>  fits
[a-]  -  =>  refused' "$(java -cp 'lib/*' Fits.java "${asked[@]}")"
