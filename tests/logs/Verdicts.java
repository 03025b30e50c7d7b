import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.queryparser.classic.QueryParser;

/** Reads one query a line, in base64, and says of each whether Lucene's classic parser takes it. */
public class Verdicts {
  public static void main(String[] arguments) throws IOException {
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line; (line = lines.readLine()) != null; ) {
      String query = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
      var parser = new QueryParser("default", new WhitespaceAnalyzer());
      parser.setAllowLeadingWildcard(true); // as OpenSearch does
      try {
        parser.parse(query);
        out.println("taken");
      } catch (Exception | Error refused) {
        out.println("refused");
      }
    }
  }
}
