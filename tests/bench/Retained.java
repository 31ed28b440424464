// Has VisualVM's heap library read an HPROF file and compute retained sizes: Retained FILE
import java.io.File;
import org.graalvm.visualvm.lib.jfluid.heap.*;

public class Retained {
    public static void main(String[] arguments) throws Exception {
        Heap heap = HeapFactory.createHeap(new File(arguments[0]));
        long most = 0;
        for (Object type : heap.getAllClasses()) {
            for (Object instance : ((JavaClass) type).getInstances()) {
                most = Math.max(most, ((Instance) instance).getRetainedSize());
            }
        }
        System.out.println("{\"retained\": " + most + "}");
    }
}
