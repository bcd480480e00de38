/** Sleep CASE SECONDS: one of the seed's three cases. */
class Sleep {
    public static void main(String[] args) throws Exception {
        long millis = (long) (Double.parseDouble(args[1]) * 1000);
        Thread worker = new Thread(() -> {
            System.out.println("Thread 1 : starting");
            try {
                if (millis > 0) Thread.sleep(millis);
            } catch (InterruptedException e) {
                throw new RuntimeException(e);
            }
            System.out.println("Thread 1 : finishing");
        });
        worker.setDaemon(args[0].equals("daemon"));
        worker.start();
        if (args[0].equals("join")) worker.join();
        System.out.println("Main : all done");
    }
}
