#!/usr/bin/env bash
# Guess:   luqum reads a query as Lucene (so OpenSearch's query_string) does: what it accepts is a query, and its tree of
#          AND, OR and NOT is what is searched.
# Really:  luqum gives the tree that logic books draw. Lucene's classic parser knows no tree: each clause is required,
#          forbidden or neither, so `a OR b AND c` does not find what has a alone, and `a OR NOT b` is a AND NOT b.
#          And luqum accepts what Lucene refuses (a slash in a word, a negative number, a time of day with colons) or
#          reads otherwise (two slashes are a regular expression, `!` inside a word is NOT).
# Seen:    luqum 1.0.0, lucene-queryparser 9.12.1 with the standard analyzer.
# Source:  jurismarches/luqum, luqum/parser.py (precedence, TERM_RE); apache/lucene,
#          org/apache/lucene/queryparser/classic/QueryParser.jj and QueryParserBase.addClause.
# shellcheck source=lib.sh disable=SC1091
source "$(dirname "$0")/lib.sh"

pip_install luqum==1.0.0
cat >pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.apache.lucene</groupId><artifactId>lucene-queryparser</artifactId><version>9.12.1</version>
  </dependency></dependencies>
</project>
XML
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib >/dev/null
ls lib/lucene-queryparser-*

cat >Classic.java <<'JAVA'
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.queryparser.classic.ParseException;
import org.apache.lucene.queryparser.classic.QueryParser;

public class Classic {
  public static void main(String[] queries) {
    for (String query : queries) {
      try {
        System.out.println(query + "  =>  " + new QueryParser("f", new StandardAnalyzer()).parse(query).toString("f"));
      } catch (ParseException error) {
        System.out.println(query + "  =>  refused");
      }
    }
  }
}
JAVA
cat >tree.py <<'PY'
import contextlib, io, sys

with contextlib.redirect_stderr(io.StringIO()):  # the grammar's known conflicts
    from luqum.thread import parse
for query in sys.argv[1:]:
    print(query, " => ", repr(parse(query)))
PY

logic=('a OR b AND c' 'a AND b OR c' 'a OR NOT b')
words=('k:a/b' 'k:a/b/c' 'k:a!b' 'k:-5' 'k:10:30')
expect 'logic, luqum' "a OR b AND c  =>  OrOperation(Word('a'), AndOperation(Word('b'), Word('c')))
a AND b OR c  =>  OrOperation(AndOperation(Word('a'), Word('b')), Word('c'))
a OR NOT b  =>  OrOperation(Word('a'), Not(Word('b')))" "$(python tree.py "${logic[@]}")"
expect 'logic, Lucene (+ must, - must not)' 'a OR b AND c  =>  a +b +c
a AND b OR c  =>  +a +b c
a OR NOT b  =>  a -b' "$(java -cp 'lib/*' Classic.java "${logic[@]}")"
expect 'words, luqum' "k:a/b  =>  SearchField('k', Word('a/b'))
k:a/b/c  =>  SearchField('k', Word('a/b/c'))
k:a!b  =>  SearchField('k', Word('a!b'))
k:-5  =>  SearchField('k', Prohibit(Word('5')))
k:10:30  =>  SearchField('k', SearchField('10', Word('30')))" "$(python tree.py "${words[@]}")"
expect 'words, Lucene' 'k:a/b  =>  refused
k:a/b/c  =>  k:a /b/ c
k:a!b  =>  k:a -b
k:-5  =>  refused
k:10:30  =>  refused' "$(java -cp 'lib/*' Classic.java "${words[@]}")"
