final class CheckTopic { public static void main(String[] a) { System.exit(2); } }
